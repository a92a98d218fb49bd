#include "runtime/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/temporary.h"

namespace weft::runtime {
namespace {

namespace fs = std::filesystem;

// A folder that looks like the root of a system whose process is in a control group.
class CpusTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    const fs::path full = root_ + path;
    fs::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  // Version 2 at /sys/fs/cgroup, as systemd mounts it.
  void have_v2(const std::string& group, const std::string& group_at_mount = "/") const {
    write("/proc/self/cgroup", "0::" + group + "\n");
    write("/proc/self/mountinfo",
          "22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n"
          "31 24 0:26 " +
              group_at_mount + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  }
  const test::TemporaryFolder folder_;
  const std::string root_ = folder_.path();
};

TEST_F(CpusTest, AQuotaOfOneCpuGivesOneWorker) {
  have_v2("/user/app");
  write("/sys/fs/cgroup/user/app/cpu.max", "100000 100000\n");
  EXPECT_EQ(available_cpus(root_), 1);
}

TEST_F(CpusTest, AQuotaIsRoundedUp) {
  have_v2("/app");
  for (const auto& [text, cpus] : {std::pair{"50000 100000", 1},
                                   {"100001 100000", 2},
                                   {"250000 100000", 3},
                                   {"1000 1000000", 1}}) {
    write("/sys/fs/cgroup/app/cpu.max", text);
    EXPECT_EQ(cpu_quota(root_), cpus) << text;
  }
}

TEST_F(CpusTest, WithoutAQuotaTheAffinityMaskCounts) {
  have_v2("/app");
  write("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_quota(root_), 0);
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(available_cpus(root_), CPU_COUNT(&all));
  std::thread bound([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
      if (CPU_ISSET(cpu, &all)) {
        CPU_SET(cpu, &one);
      }
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(available_cpus(root_), 1);
  });
  bound.join();
}

TEST_F(CpusTest, AQuotaAboveTheMaskGivesNoMore) {
  have_v2("/app");
  write("/sys/fs/cgroup/app/cpu.max", "100000000 100000\n");
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(available_cpus(root_), CPU_COUNT(&all));
}

TEST_F(CpusTest, TheTightestOfTheGroupsAboveCounts) {
  have_v2("/a/b/c");
  write("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
  write("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  EXPECT_EQ(cpu_quota(root_), 2);
}

// A container without a namespace of groups: the mount shows its own group as the root.
TEST_F(CpusTest, TheMountMayShowAPartOfTheTree) {
  have_v2("/docker/0123", "/docker/0123");
  write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(cpu_quota(root_), 1);
}

TEST_F(CpusTest, Version1IsReadToo) {
  write("/proc/self/cgroup",
        "5:cpuset:/other\n4:cpu,cpuacct:/app\n3:memory:/app\n1:name=systemd:/init\n");
  write("/proc/self/mountinfo",
        "30 24 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "31 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n");
  write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cpu_quota(root_), 0);
  write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(cpu_quota(root_), 2);
}

TEST_F(CpusTest, WhatCanNotBeReadIsNoLimit) {
  EXPECT_EQ(cpu_quota(root_), 0) << "nothing there";
  have_v2("/gone");
  EXPECT_EQ(cpu_quota(root_), 0) << "no such group";
  write("/sys/fs/cgroup/gone/cpu.max", "many few\n");
  EXPECT_EQ(cpu_quota(root_), 0) << "no numbers";
  have_v2("/../outside");
  write("/sys/fs/outside/cpu.max", "100000 100000\n");
  EXPECT_EQ(cpu_quota(root_), 0) << "not below the mount";
  EXPECT_GE(available_cpus(root_), 1);
}

}  // namespace
}  // namespace weft::runtime

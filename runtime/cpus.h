// cpus.h: how many CPUs the process may use.
//
// Layer:  runtime.
#pragma once
#include <string>

namespace weft::runtime {

/// The CPUs of the calling thread's affinity mask, but no more than what the CPU quota of its
/// control group, or of one above it, allows, rounded up. At least 1. Both versions of control
/// groups are read; what can't be read is no limit.
///
/// `root`: where /proc and /sys lie, for tests.
/// Source: cgroups(7), "cpu.max" of cgroup v2, cpu.cfs_quota_us of v1.
int available_cpus(const std::string& root = "");

/// The quota alone, in CPUs, rounded up; 0 if there is none.
int cpu_quota(const std::string& root);

}  // namespace weft::runtime

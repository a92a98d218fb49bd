#include <sys/wait.h>
#include <unistd.h>
#include <weft/weft.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <system_error>

#include "runtime/settings.h"
#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// Settings are the process's, and constant at some time: each test of them is a process.
void expect_in_fresh_process(const std::function<bool()>& holds) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(std::_Exit(holds() ? 0 : 1), testing::ExitedWithCode(0), "");
}

int error_of_configuring(const Config& wanted) {
  return test::error_of([&] { configure(wanted); });
}

template <class Change>
Config changed(Change change) {
  Config wanted = config();
  change(wanted);
  return wanted;
}

TEST(ConfigDeathTest, BeginsWithTheDefaults) {
  expect_in_fresh_process([] {
    for (const runtime::SettingRow& row : runtime::kSettingRows) {
      unsetenv(row.variable);
    }
    return config() == Config();
  });
}

TEST(ConfigDeathTest, BeginsWithWhatTheVariablesSay) {
  expect_in_fresh_process([] {
    setenv("WEFT_STACK", "64K", 1);
    setenv("WEFT_WORKERS", "3", 1);
    setenv("WEFT_MAX_THREADS", "7", 1);
    setenv("WEFT_SEED", "0", 1);
    setenv("WEFT_SLICE", "20", 1);
    setenv("WEFT_MONITOR", "1", 1);
    setenv("WEFT_MAX_BLOCKING_TIME", "100", 1);
    setenv("WEFT_THREADPOOL_SIZE", "2", 1);
    setenv("WEFT_THREADPOOL_IDLE", "30", 1);
    return config() == Config{.stack_bytes = 65536,
                              .workers = 3,
                              .max_threads = 7,
                              .seed = 0,
                              .switch_interval = 20ms,
                              .monitor = true,
                              .max_blocking_time = 100ms,
                              .threadpool_size = 2,
                              .threadpool_idle = 30ms};
  });
}

TEST(ConfigDeathTest, ConfigureIsInForceAndIsHeardOf) {
  expect_in_fresh_process([] {
    const Config wanted = changed([](Config& c) {
      c.stack_bytes = 128 << 10;
      c.workers = 2;
      c.max_threads = 9;
      c.seed = 5;
    });
    configure(wanted);
    return config() == wanted && spawn([] { return seed(); }).get() == 5U;
  });
}

TEST(ConfigDeathTest, WhatTheFirstSchedulerHasSeenIsConstant) {
  expect_in_fresh_process([] {
    spawn([] {}).join();
    const Config before = config();
    const bool is_refused =
        error_of_configuring(changed([](Config& c) { c.max_threads = 9; })) == EBUSY &&
        error_of_configuring(changed([](Config& c) { c.stack_bytes = 65536; })) == EBUSY &&
        error_of_configuring(changed([](Config& c) { c.workers = 2; })) == EBUSY &&
        error_of_configuring(changed([](Config& c) { c.seed = 5; })) == EBUSY;
    return is_refused && config() == before && error_of_configuring(before) == 0 &&
           error_of_configuring(changed([](Config& c) { c.monitor = !c.monitor; })) == 0;
  });
}

TEST(ConfigDeathTest, TheDefaultPoolIsAsConfigured) {
  expect_in_fresh_process([] {
    configure(changed([](Config& c) {
      c.threadpool_size = 3;
      c.threadpool_idle = 1ms;
    }));
    ThreadPool& pool = default_thread_pool();
    pool.apply([] {});
    test::await([&] { return pool.size() == 0; });
    return pool.max() == 3 &&
           error_of_configuring(changed([](Config& c) { c.threadpool_size = 4; })) == EBUSY;
  });
}

TEST(Config, RefusesWhatItsVariableWould) {
  const Config before = config();
  for (const Config& wrong : {
           changed([](Config& c) { c.stack_bytes = 0; }),
           changed([](Config& c) { c.workers = 0; }),
           changed([](Config& c) { c.workers = 257; }),
           changed([](Config& c) { c.max_threads = 4097; }),
           changed([](Config& c) { c.switch_interval = 999us; }),
           changed([](Config& c) { c.switch_interval = 4097ms; }),
           changed([](Config& c) { c.max_blocking_time = 0ms; }),
           changed([](Config& c) { c.threadpool_size = 0; }),
           changed([](Config& c) { c.threadpool_idle = 2h; }),
       }) {
    EXPECT_EQ(error_of_configuring(wrong), EINVAL);
  }
  EXPECT_EQ(config(), before);
}

TEST(Config, SaysWhichSettingIsWrongAsTheVariableIs) {
  try {
    configure(changed([](Config& c) { c.workers = 257; }));
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(std::string(error.what())
                  .find("weft::configure: WEFT_WORKERS is not a number from 1 to 256"),
              0U)
        << error.what();
  }
}

TEST(ConfigDeathTest, AWrongVariableIsReportedAndIgnored) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("WEFT_THREADPOOL_SIZE", "none", 1);
        std::_Exit(config().threadpool_size == 10 ? 0 : 1);
      },
      testing::ExitedWithCode(0),
      "^weft: WEFT_THREADPOOL_SIZE is not a number from 1 to 4096: 'none'\\. It is ignored\\.\n$");
}

TEST(Config, TheSwitchIntervalCanBeSetAtAnyTime) {
  const std::chrono::nanoseconds before = switch_interval();
  set_switch_interval(50ms);
  EXPECT_EQ(switch_interval(), 50ms);
  EXPECT_EQ(config().switch_interval, 50ms);
  EXPECT_THROW(set_switch_interval(0ms), std::system_error);
  EXPECT_EQ(switch_interval(), 50ms);
  set_switch_interval(before);
}

}  // namespace
}  // namespace weft

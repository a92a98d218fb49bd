#include "tests/support/run_tests.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace weft::test {
namespace {

constexpr unsigned kSecondsPerTest = 20;

class AlarmClock : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& /*test*/) override { alarm(kSecondsPerTest); }
  void OnTestEnd(const testing::TestInfo& /*test*/) override { alarm(0); }
};

}  // namespace

int run_tests(int* argc, char** argv) {
  testing::InitGoogleTest(argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new AlarmClock);  // owned by GoogleTest
  return RUN_ALL_TESTS();
}

}  // namespace weft::test

#include <weft/sleep.h>
#include <weft/weft.h>

#include <string>
#include <thread>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class Sleep : public RuntimeTest {};

TEST_F(Sleep, IsNeverShort) {
  for (const auto length : {1us, 300us, 1000us, 3333us}) {
    const Stopwatch watch;
    sleep(length);
    EXPECT_GE(watch.elapsed(), length);
  }
  const Stopwatch watch;
  sleep(std::chrono::duration<double>(0.002));
  EXPECT_GE(watch.elapsed(), 2ms);
}

TEST_F(Sleep, IsNeverShortForAnEarlyUnpark) {
  runtime::Fiber* asleep = nullptr;
  const auto sleeper = spawn([&asleep] {
    asleep = runtime::current();
    const Stopwatch watch;
    sleep(5ms);
    EXPECT_GE(watch.elapsed(), 5ms);
  });
  yield();
  runtime::unpark(asleep);
  sleeper.join();
}

TEST_F(Sleep, ShortestSleeperWakesFirst) {
  std::string order;
  joinall({spawn([&] {
             sleep(90ms);
             order += "c";
           }),
           spawn([&] {
             sleep(30ms);
             order += "a";
           }),
           spawn([&] {
             sleep(60ms);
             order += "b";
           })});
  EXPECT_EQ(order, "abc");
}

TEST_F(Sleep, SleepsAtTheSameTime) {
  std::vector<Fiber<void>> sleepers;
  const Stopwatch watch;
  for (int i = 0; i < 100; ++i) {
    sleepers.push_back(spawn([] { sleep(20ms); }));
  }
  joinall(sleepers);
  EXPECT_GE(watch.elapsed(), 20ms);
  EXPECT_LT(watch.elapsed(), 1s) << "a hundred times 20 ms is 2 s";
}

TEST_F(Sleep, ZeroAndLessGiveOneTurn) {
  for (const auto length : {0ms, -5ms, std::chrono::milliseconds::min()}) {
    bool ran = false;
    const auto other = spawn([&ran] { ran = true; });
    sleep(length);
    EXPECT_TRUE(ran);
    other.join();
  }
}

TEST_F(Sleep, UntilAMomentOfAnyClock) {
  const auto steady = std::chrono::steady_clock::now() + 3ms;
  sleep_until(steady);
  EXPECT_GE(std::chrono::steady_clock::now(), steady);
  const auto system = std::chrono::system_clock::now() + 3ms;
  this_fiber::sleep_until(system);
  EXPECT_GE(std::chrono::system_clock::now(), system);
}

TEST_F(Sleep, BlocksAThreadWithoutFibers) {
  std::thread([] {
    const Stopwatch watch;
    sleep(3ms);
    this_fiber::sleep_for(1ms);
    this_fiber::yield();
    EXPECT_GE(watch.elapsed(), 4ms);
    EXPECT_FALSE(this_fiber::on_fiber());
  }).join();
}

}  // namespace
}  // namespace weft

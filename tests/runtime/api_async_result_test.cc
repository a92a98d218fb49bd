#include <weft/async_result.h>
#include <weft/weft.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class AsyncResultTest : public RuntimeTest {};

TEST_F(AsyncResultTest, GivesItsValueToAllWhoWait) {
  AsyncResult<std::string> result;
  std::thread setter([result] { result.set("value"); });
  from_everywhere([&result] { EXPECT_EQ(result.get(), "value"); });
  setter.join();
  EXPECT_TRUE(result.ready() && result.done() && result.successful() && !result.cancelled());
  EXPECT_EQ(result.value(), "value");
  EXPECT_EQ(result.get_nowait(), "value");
  EXPECT_EQ(result.get(), "value");
}

TEST_F(AsyncResultTest, RethrowsItsException) {
  AsyncResult<int> result;
  const auto waiter = spawn([result] { EXPECT_THROW(result.get(), std::domain_error); });
  yield();
  result.set_exception(std::make_exception_ptr(std::domain_error("no")));
  waiter.join();
  result.wait();
  EXPECT_TRUE(result.ready() && !result.successful() && !result.cancelled());
  EXPECT_FALSE(result.value());
  EXPECT_THROW(result.get_nowait(), std::domain_error);
  EXPECT_THROW(result.get_for(1s), std::domain_error);
  EXPECT_THROW(std::rethrow_exception(result.exception()), std::domain_error);
}

TEST_F(AsyncResultTest, IsSetOnce) {
  AsyncResult<int> result;
  EXPECT_FALSE(result.ready());
  result.set(1);
  EXPECT_THROW(result.set(2), std::logic_error);
  EXPECT_THROW(result.set_exception(std::make_exception_ptr(1)), std::logic_error);
  EXPECT_FALSE(result.cancel());
  EXPECT_EQ(result.get(), 1);
  EXPECT_EQ(result.exception(), nullptr);
}

TEST_F(AsyncResultTest, OneOfManySettersWins) {
  AsyncResult<int> result;
  std::atomic<int> set{0};
  std::atomic<int> next{0};
  from_everywhere([&] {
    const int mine = next++;
    try {
      result.set(mine);
      ++set;
      EXPECT_EQ(result.get(), mine);
    } catch (const std::logic_error&) {
      EXPECT_NE(result.get(), mine);
    }
  });
  EXPECT_EQ(set, 1);
}

TEST_F(AsyncResultTest, TimesOutWithNothing) {
  AsyncResult<int> result;
  const Stopwatch watch;
  EXPECT_EQ(result.get_for(3ms), std::nullopt);
  EXPECT_FALSE(result.wait_for(1ms));
  EXPECT_GE(watch.elapsed(), 4ms);
  EXPECT_EQ(result.get_until(std::chrono::system_clock::now() + 1ms), std::nullopt);
  EXPECT_FALSE(result.wait_until(std::chrono::steady_clock::now() + 1ms));
  EXPECT_EQ(result.get_nowait(), std::nullopt);
  EXPECT_EQ(result.value(), std::nullopt);
  EXPECT_EQ(result.exception(), nullptr);
  result.set(1);
  EXPECT_EQ(result.get_for(0ms), 1);
}

TEST_F(AsyncResultTest, CancelledThrowsToGetters) {
  AsyncResult<int> result;
  const auto waiter = spawn([result] { EXPECT_THROW(result.get(), ResultCancelled); });
  yield();
  EXPECT_TRUE(result.cancel());
  EXPECT_FALSE(result.cancel());
  waiter.join();
  result.wait();
  EXPECT_TRUE(result.ready() && result.cancelled() && !result.successful());
  EXPECT_THROW(result.get_nowait(), ResultCancelled);
  EXPECT_THROW(result.set(1), std::logic_error);
  EXPECT_EQ(result.exception(), nullptr);
  EXPECT_EQ(result.value(), std::nullopt);
}

TEST_F(AsyncResultTest, OfVoidIsAnEventThatMayFail) {
  AsyncResult<> result;
  EXPECT_FALSE(result.get_for(1ms));
  EXPECT_FALSE(result.get_nowait());
  result.set();
  result.get();
  EXPECT_TRUE(result.get_for(1ms));
  EXPECT_TRUE(result.get_nowait());
  EXPECT_TRUE(result.value());
  AsyncResult<> failed;
  failed.set_exception(std::make_exception_ptr(1));
  EXPECT_THROW(failed.get(), int);
}

TEST_F(AsyncResultTest, MovesOutWhatCannotBeCopied) {
  AsyncResult<std::unique_ptr<int>> result;
  result.set(std::make_unique<int>(42));
  EXPECT_EQ(*result.get(), 42);
}

TEST_F(AsyncResultTest, ValueThatThrowsLeavesItUnset) {
  struct Thrower {
    explicit Thrower(int /*unused*/) {}
    Thrower(const Thrower& /*unused*/) { throw std::domain_error("no"); }
    Thrower& operator=(const Thrower&) = default;
    ~Thrower() = default;
  };
  AsyncResult<Thrower> result;
  const Thrower thrower(1);
  EXPECT_THROW(result.set(thrower), std::domain_error);
  EXPECT_FALSE(result.ready());
  EXPECT_TRUE(result.cancel());
}

TEST_F(AsyncResultTest, IsALinkOfAFiber) {
  AsyncResult<int> value;
  const auto first = spawn([] { return 42; });
  const auto second = spawn([] { return 43; });
  first.link(value);
  second.link(value);
  EXPECT_EQ(value.get(), 42) << "the first counts";
  AsyncResult<int> failed;
  const auto failing = spawn([]() -> int { throw std::domain_error("no"); });
  failing.link(failed);
  EXPECT_THROW(failed.get(), std::domain_error);
  AsyncResult<> killed;
  const auto sleeper = spawn([] { sleep(1h); });
  sleeper.link(killed);
  yield();
  sleeper.kill();
  EXPECT_THROW(killed.get(), ResultCancelled);
  EXPECT_TRUE(killed.cancelled());
  yield();
}

TEST_F(AsyncResultTest, CanBeWaitedForBesideOthers) {
  std::vector<AsyncResult<int>> results(3);
  const auto setter = spawn([&] {
    results[2].set(2);
    yield();
    results[0].cancel();
  });
  std::string order;
  for (const auto& ready : iwait(results, 10ms)) {
    order += ready.cancelled() ? 'c' : static_cast<char>('0' + ready.get());
  }
  EXPECT_EQ(order, "2c");
  setter.join();
}

}  // namespace
}  // namespace weft

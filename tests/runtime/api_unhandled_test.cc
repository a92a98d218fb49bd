#include <weft/weft.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

class Unhandled : public test::RuntimeTest {
 protected:
  ~Unhandled() override { on_unhandled(nullptr); }
};

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "?";
  }
}

void fail(const char* name, const char* why) {
  spawn({.name = name}, [why] { throw std::runtime_error(why); }).join();
}

TEST_F(Unhandled, IsPrinted) {
  testing::internal::CaptureStderr();
  spawn({.name = "lost"}, [] { throw std::runtime_error("the reason"); }).join();
  spawn([] { throw 5; }).join();
  {
    const auto dropped = spawn({.name = "alone"}, [] { throw std::runtime_error("nobody"); });
  }
  yield();
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_NE(printed.find("'lost' failed, and nobody fetched why: the reason"), std::string::npos);
  EXPECT_NE(printed.find("no std::exception"), std::string::npos);
  EXPECT_NE(printed.find("'alone' failed, and nobody fetched why: nobody"), std::string::npos);
}

TEST_F(Unhandled, IsNotWhatWasFetched) {
  testing::internal::CaptureStderr();
  EXPECT_THROW(spawn([] { throw 5; }).get(), int);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Unhandled, C42GoesToTheHandlerInsteadOnce) {
  testing::internal::CaptureStderr();
  std::vector<std::string> heard;
  std::vector<std::uint64_t> fibers;
  EXPECT_EQ(on_unhandled([&](const weft::Unhandled& failed) {
              heard.push_back(std::string(failed.name) + ": " + text_of(failed.error));
              fibers.push_back(failed.fiber);
            }),
            nullptr);
  const auto fiber = spawn({.name = "kept"}, [] { throw std::runtime_error("fetched"); });
  EXPECT_THROW(fiber.get(), std::runtime_error);
  auto dropped = spawn({.name = "dropped"}, [] { throw 5; });
  const std::uint64_t id = dropped.id();
  dropped.join();
  EXPECT_EQ(heard, std::vector<std::string>());
  dropped = {};
  fail("lost", "the reason");
  EXPECT_EQ(heard, (std::vector<std::string>{"dropped: ?", "lost: the reason"}));
  EXPECT_EQ(fibers.at(0), id);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Unhandled, TheHandlerMayWait) {
  std::atomic<int> handled{0};
  on_unhandled([&](const weft::Unhandled&) {
    weft::sleep(std::chrono::milliseconds(1));
    ++handled;
  });
  spawn([] { throw 5; });  // where the fiber itself has the last handle
  while (handled == 0) {
    yield();
  }
  EXPECT_EQ(handled, 1);
}

TEST_F(Unhandled, TheHandlerBeforeComesBack) {
  int first = 0;
  int second = 0;
  on_unhandled([&](const weft::Unhandled&) { ++first; });
  const UnhandledHandler before = on_unhandled([&](const weft::Unhandled&) { ++second; });
  fail("a", "b");
  on_unhandled(before);
  fail("a", "b");
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(Unhandled, WhatTheHandlerThrowsIsPrintedWithTheRest) {
  testing::internal::CaptureStderr();
  on_unhandled([](const weft::Unhandled&) { throw std::runtime_error("worse"); });
  fail("bad", "first");
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_NE(printed.find("'bad' failed, and nobody fetched why: first"), std::string::npos);
  EXPECT_NE(printed.find("'bad' failed, and so did the handler for that: worse"),
            std::string::npos);
}

TEST_F(Unhandled, HandlersMayChangeWhileFibersFail) {
  std::atomic<int> handled{0};
  constexpr int kFibers = 500;
  {
    weft::Scheduler scheduler{.workers = 2};
    std::vector<AnyFiber> all;
    for (int i = 0; i < kFibers; ++i) {
      all.emplace_back(scheduler.spawn([&handled, i] {
        on_unhandled([&handled](const weft::Unhandled&) { ++handled; });
        throw i;
      }));
    }
    for (AnyFiber& fiber : all) {
      fiber.join();
      fiber = {};  // the fiber itself may still have a handle, for a moment
    }
  }
  EXPECT_EQ(handled, kFibers);
}

}  // namespace
}  // namespace weft

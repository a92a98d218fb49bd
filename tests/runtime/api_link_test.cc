#include <weft/weft.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class Link : public RuntimeTest {};

TEST_F(Link, IsCalledOnAFiberOfItsOwnWhenTheFiberHasEnded) {
  std::string seen;
  std::uint64_t caller = 0;
  Event done;
  const auto fiber = spawn({.name = "worker"}, [] { return 42; });
  fiber.link([&](const Fiber<int>& ended) {
    EXPECT_TRUE(ended.ready());
    seen = ended.name() + " " + std::to_string(ended.get());
    caller = this_fiber::id();
    done.set();
  });
  EXPECT_TRUE(fiber.has_links());
  done.wait();
  EXPECT_EQ(seen, "worker 42");
  EXPECT_NE(caller, fiber.id());
  EXPECT_NE(caller, this_fiber::id());
  EXPECT_FALSE(fiber.has_links());
}

TEST_F(Link, OfAnEndedFiberIsCalledAtOnce) {
  const auto fiber = spawn([] {});
  fiber.join();
  Event done;
  fiber.link([&done] { done.set(); });
  done.wait();
}

TEST_F(Link, ForValuesAndForErrors) {
  std::string seen;
  const auto good = spawn([] {});
  const auto bad = spawn([] { throw std::runtime_error("no"); });
  const auto killed = spawn([] { sleep(1h); });
  for (const AnyFiber& fiber : {AnyFiber(good), AnyFiber(bad), AnyFiber(killed)}) {
    fiber.link_value([&seen] { seen += "v"; });
    fiber.link_exception([&seen] { seen += "e"; });
  }
  yield();
  killed.kill();
  let_others_end();
  EXPECT_EQ(seen, "vev");
  EXPECT_THROW(bad.get(), std::runtime_error);
}

TEST_F(Link, CanBeTakenBack) {
  bool called = false;
  auto held = std::make_shared<int>(1);
  const auto fiber = spawn([] {});
  const LinkToken token = fiber.link([&called, held] { called = true; });
  EXPECT_TRUE(fiber.unlink(token));
  EXPECT_FALSE(fiber.unlink(token));
  EXPECT_EQ(held.use_count(), 1);
  fiber.link([&called] { called = true; });
  fiber.link_value([&called] { called = true; });
  fiber.unlink_all();
  fiber.join();
  let_others_end();
  EXPECT_FALSE(called);
}

TEST_F(Link, WhatItThrowsIsUnhandledAndStopsNoOther) {
  std::string message;
  UnhandledHandler before = on_unhandled([&message](const Unhandled& failed) {
    try {
      std::rethrow_exception(failed.error);
    } catch (const std::exception& error) {
      message = error.what();
    }
  });
  Event second;
  const auto fiber = spawn([] {});
  fiber.link([] { throw std::runtime_error("in a link"); });
  fiber.link([&second] { second.set(); });
  second.wait();
  let_others_end();
  on_unhandled(std::move(before));
  EXPECT_EQ(message, "in a link");
}

TEST_F(Link, OfAHandleOfNoFiberIsRefused) {
  EXPECT_THROW(AnyFiber().link([] {}), std::system_error);
}

TEST_F(Link, NeedsNoHandleAnyMore) {
  Event done;
  spawn([] {}).link([&done] { done.set(); });
  done.wait();
}

TEST(LinkStress, IsCalledOnceWhenAddedAtAnyMoment) {
  constexpr int kRounds = kSanitized ? 200 : 2000;
  std::atomic<int> calls{0};
  {
    Scheduler scheduler{.workers = 3};
    for (int i = 0; i < kRounds; ++i) {
      const auto fiber = scheduler.spawn([] {});
      fiber.link([&calls] { ++calls; });
    }
  }
  while (runtime::Scheduler::current() != nullptr &&
         runtime::Scheduler::current()->live_fibers() > 1) {
    yield();
  }
  EXPECT_EQ(calls, kRounds);
}

}  // namespace
}  // namespace weft

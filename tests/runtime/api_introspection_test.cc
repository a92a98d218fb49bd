#include <weft/introspection.h>
#include <weft/weft.h>

#include <thread>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class IntrospectionTest : public RuntimeTest {};

std::string state_of(std::uint64_t id) {
  for (const FiberInfo& fiber : weft::all_fibers()) {
    if (fiber.id == id) {
      return fiber.state;
    }
  }
  return "is not there";
}

TEST_F(IntrospectionTest, AllFibersSaysWhatEachWaitsFor) {
  const std::size_t before = weft::active_count();
  weft::Event event;
  auto waiter = weft::spawn({.name = "waiter"}, [&event] { event.wait(); });
  auto sleeper = weft::spawn([] { weft::sleep(1h); });
  auto joiner = weft::spawn([&waiter] { waiter.join(); });
  EXPECT_EQ(state_of(waiter.id()), "is ready");
  weft::yield();
  EXPECT_EQ(weft::active_count(), before + 3);
  EXPECT_EQ(weft::all_fibers().size(), before + 3);
  EXPECT_EQ(weft::all_fibers()[before].name, "waiter");
  EXPECT_EQ(state_of(waiter.id()).substr(0, 9), "waits at ");
  EXPECT_EQ(state_of(sleeper.id()), "sleeps");
  EXPECT_EQ(state_of(this_fiber::id()), "runs");
  sleeper.kill();
  event.set();
  weft::joinall({waiter, joiner});
  EXPECT_EQ(state_of(waiter.id()), "is not there");
}

TEST_F(IntrospectionTest, TheParentIsTheFiberThatSpawned) {
  EXPECT_EQ(this_fiber::parent_id(), 0U);
  auto parent = weft::spawn([] { return weft::spawn([] { return this_fiber::parent_id(); }); });
  auto child = parent.get();
  EXPECT_EQ(parent.parent_id(), this_fiber::id());
  EXPECT_EQ(child.parent_id(), parent.id());
  EXPECT_EQ(child.get(), parent.id()) << "also when the parent has ended";
  EXPECT_EQ(AnyFiber().parent_id(), 0U);
  std::thread([] { EXPECT_EQ(this_fiber::parent_id(), 0U); }).join();
}

TEST_F(IntrospectionTest, NamesCanBeChangedFromInsideAndOutside) {
  weft::Event event;
  auto fiber = weft::spawn({.name = "before"}, [&event] {
    this_fiber::set_name("a name that is too long");
    event.wait();
    return this_fiber::name();
  });
  EXPECT_EQ(fiber.name(), "before");
  weft::yield();
  EXPECT_EQ(fiber.name(), "a name that is ");
  EXPECT_EQ(weft::all_fibers().back().name, "a name that is ");
  fiber.set_name("outside");
  EXPECT_EQ(weft::all_fibers().back().name, "outside");
  event.set();
  EXPECT_EQ(fiber.get(), "outside");
  fiber.set_name("ended");
  EXPECT_EQ(fiber.name(), "ended");
  EXPECT_THROW(AnyFiber().set_name("nobody"), std::system_error);
}

TEST_F(IntrospectionTest, NamesCanBeReadWhileTheyAreChanged) {
  auto fiber = weft::spawn({.name = "first"}, [] { weft::sleep(1h); });
  std::thread reader([other = AnyFiber(fiber)] {
    while (other.name() != "last") {
      std::this_thread::yield();
    }
  });
  fiber.set_name("between");
  fiber.set_name("last");
  reader.join();
  fiber.kill();
}

TEST_F(IntrospectionTest, TheMainFiberCanBeRenamed) {
  const std::string before = this_fiber::name();
  this_fiber::set_name("other");
  EXPECT_EQ(this_fiber::name(), "other");
  this_fiber::set_name(before);
}

TEST_F(IntrospectionTest, ARunningFiberHasAHandleOfItself) {
  EXPECT_EQ(this_fiber::get().id(), 0U) << "of a main fiber there is none";
  AnyFiber from_inside;
  auto fiber = weft::spawn([&from_inside] { from_inside = this_fiber::get(); });
  fiber.join();
  EXPECT_EQ(from_inside.id(), fiber.id());
  EXPECT_TRUE(from_inside.successful());
  std::thread([] { EXPECT_EQ(this_fiber::get().id(), 0U); }).join();
}

TEST_F(IntrospectionTest, AFiberOfTheRuntimesHasNoHandle) {
  struct Seen {
    std::uint64_t handle = 1;
    std::uint64_t parent = 0;
  } seen;
  runtime::Fiber* const fiber = scheduler_->spawn(
      {},
      [](runtime::Fiber* self) {
        *static_cast<Seen*>(self->argument) = {this_fiber::get().id(), this_fiber::parent_id()};
        runtime::Scheduler::end_current();
      },
      &seen);
  runtime::Scheduler::join(fiber, runtime::Deadline::never(), nullptr);
  EXPECT_EQ(seen.handle, 0U);
  EXPECT_EQ(seen.parent, this_fiber::id());
}

// thread_local objects are destroyed when the task may be gone.
TEST_F(IntrospectionTest, DestructorsOfLocalsAskForNoHandleThatIsGone) {
  struct Asker {
    std::uint64_t* seen = nullptr;
    Asker() = default;
    Asker(const Asker&) = delete;
    Asker& operator=(const Asker&) = delete;
    ~Asker() {
      if (seen != nullptr) {
        *seen = this_fiber::get().id();
      }
    }
  };
  static weft::fiber_local<Asker> local;
  std::uint64_t dropped = 1;
  std::uint64_t held = 1;
  weft::spawn([&dropped] { local->seen = &dropped; });
  auto handle = weft::spawn([&held] { local->seen = &held; });
  handle.join();
  EXPECT_EQ(dropped, 0U);
  EXPECT_EQ(held, handle.id());
}

TEST_F(IntrospectionTest, TheMainFiberIsTheCodeThatSpawnedFirst) {
  EXPECT_EQ(weft::main_fiber(), this_fiber::id());
  EXPECT_EQ(weft::spawn([] { return weft::main_fiber(); }).get(), this_fiber::id());
}

TEST_F(IntrospectionTest, RunInfoIsWhatDumpPrints) {
  auto sleeper = weft::spawn({.name = "sleeper"}, [] { weft::sleep(1h); });
  weft::yield();
  const std::string start = "fiber " + std::to_string(sleeper.id()) + " 'sleeper' (thread ";
  const std::string info = weft::format_run_info();
  const std::size_t line = info.find(start);
  ASSERT_NE(line, std::string::npos) << info;
  EXPECT_NE(info.substr(line, info.find('\n', line) - line).find(") sleeps"), std::string::npos);
  testing::internal::CaptureStderr();
  weft::print_run_info();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), info);
  sleeper.kill();
}

TEST_F(IntrospectionTest, AThreadWithoutFibersHasNone) {
  std::thread([] {
    EXPECT_EQ(weft::active_count(), 0U);
    EXPECT_TRUE(weft::all_fibers().empty());
    EXPECT_EQ(weft::main_fiber(), 0U);
    EXPECT_EQ(weft::format_run_info(), "");
  }).join();
}

}  // namespace
}  // namespace weft

#include <fcntl.h>
#include <gtest/gtest.h>
#include <weft/weft.h>

#include <memory>
#include <utility>

#include "tests/runtime/cancel_rows.h"
#include "tests/runtime/fixture.h"

namespace weft::test {
namespace {

// ---- what happens once

template <class T>
Rig once_rig(std::function<void(T&)> wait, std::function<void(T&)> happen,
             std::shared_ptr<T> object = std::make_shared<T>()) {
  return {.wait = [=] { wait(*object); }, .wake = [=] { happen(*object); }, .wakes_all = true};
}
Rig event_rig(void (*wait)(Event&)) {
  return once_rig<Event>(wait, [](Event& event) { event.set(); });
}
Rig result_rig(void (*wait)(AsyncResult<int>&)) {
  return once_rig<AsyncResult<int>>(wait, [](AsyncResult<int>& result) { result.set(42); });
}
Rig latch_rig(void (*wait)(Latch&)) {
  return once_rig<Latch>(
      wait, [](Latch& latch) { latch.count_down(); }, std::make_shared<Latch>(1U));
}
std::vector<Row> once_rows() {
  using Result = AsyncResult<int>;
  return {
      {"Event::wait", [] { return event_rig([](Event& e) { e.wait(); }); }},
      {"Event::wait_for", [] { return event_rig([](Event& e) { EXPECT_TRUE(e.wait_for(1h)); }); }},
      {"Event::wait_until",
       [] { return event_rig([](Event& e) { EXPECT_TRUE(e.wait_until(later())); }); }},
      {"AsyncResult::get", [] { return result_rig([](Result& r) { EXPECT_EQ(r.get(), 42); }); }},
      {"AsyncResult::get_for",
       [] { return result_rig([](Result& r) { EXPECT_EQ(r.get_for(1h), 42); }); }},
      {"AsyncResult::get_until",
       [] { return result_rig([](Result& r) { EXPECT_EQ(r.get_until(later()), 42); }); }},
      {"AsyncResult::wait", [] { return result_rig([](Result& r) { r.wait(); }); }},
      {"AsyncResult::wait_for",
       [] { return result_rig([](Result& r) { EXPECT_TRUE(r.wait_for(1h)); }); }},
      {"AsyncResult::wait_until",
       [] { return result_rig([](Result& r) { EXPECT_TRUE(r.wait_until(later())); }); }},
      {"Latch::wait", [] { return latch_rig([](Latch& l) { l.wait(); }); }},
      {"Latch::wait_for", [] { return latch_rig([](Latch& l) { EXPECT_TRUE(l.wait_for(1h)); }); }},
      {"Latch::wait_until",
       [] { return latch_rig([](Latch& l) { EXPECT_TRUE(l.wait_until(later())); }); }},
      {"Latch::arrive_and_wait", [] { return latch_rig([](Latch& l) { l.arrive_and_wait(0); }); }},
  };
}

// ---- barriers: two wait, and the test is the third. A party that goes breaks it.

Rig barrier_rig(void (*wait)(Barrier&)) {
  const auto barrier = std::make_shared<Barrier>(3U);
  const auto is_reset = std::make_shared<bool>(false);
  return {.wait =
              [=] {
                try {
                  wait(*barrier);
                } catch (const BrokenBarrier&) {  // how the others hear of it
                  EXPECT_TRUE(barrier->broken() || *is_reset);
                }
              },
          .wake =
              [=] {
                if (barrier->n_waiting() == 2) {
                  barrier->wait();
                } else {  // those who wait alone are let go
                  *is_reset = true;
                  barrier->reset();
                }
              },
          .check =
              [=] {
                EXPECT_EQ(barrier->n_waiting(), 0U);
                EXPECT_FALSE(barrier->broken());
              },
          .renew = [=] { barrier->reset(); },
          .wakes_all = true,
          .ends_others = true};
}
std::vector<Row> barrier_rows() {
  return {
      {"Barrier::wait", [] { return barrier_rig([](Barrier& b) { b.wait(); }); }},
      {"Barrier::wait_for", [] { return barrier_rig([](Barrier& b) { b.wait_for(1h); }); }},
      {"Barrier::wait_until",
       [] { return barrier_rig([](Barrier& b) { b.wait_until(later()); }); }},
  };
}

// ---- fibers: one that ends when it is told to

Rig fiber_rig(std::function<void(const Fiber<int>&)> wait) {
  const auto may_end = std::make_shared<Event>();
  const auto fiber = spawn([may_end] {
    for (;;) {
      try {
        may_end->wait();
        return 42;
      } catch (const FiberExit&) {
        // it refuses
      }
    }
  });
  return {.wait = [=] { wait(fiber); },
          .wake = [=] { may_end->set(); },
          .check = [=] { EXPECT_EQ(fiber.get(), 42); },
          .wakes_all = true};
}
std::vector<Row> fiber_rows() {
  using F = const Fiber<int>&;
  return {
      {"Fiber::join", [] { return fiber_rig([](F f) { f.join(); }); }},
      {"Fiber::join_for", [] { return fiber_rig([](F f) { EXPECT_TRUE(f.join_for(1h)); }); }},
      {"Fiber::join_until",
       [] { return fiber_rig([](F f) { EXPECT_TRUE(f.join_until(later())); }); }},
      {"Fiber::get", [] { return fiber_rig([](F f) { EXPECT_EQ(f.get(), 42); }); }},
      {"Fiber::get_for", [] { return fiber_rig([](F f) { EXPECT_EQ(f.get_for(1h), 42); }); }},
      {"Fiber::kill", [] { return fiber_rig([](F f) { f.kill(); }); }},
      {"Fiber::kill_for", [] { return fiber_rig([](F f) { EXPECT_TRUE(f.kill_for(1h)); }); }},
      {"joinall", [] { return fiber_rig([](F f) {
                         joinall({f, f});
                       }); }},
      {"joinall with a timeout",
       [] { return fiber_rig([](F f) {
              EXPECT_TRUE(joinall(1h, {f, f}));
            }); }},
  };
}

// ---- waits for several

Rig wait_for_event_rig(void (*wait)(const std::vector<Event*>&)) {
  return once_rig<Event>(
      [wait](Event& event) {
        wait({&event, &event});
      },
      [](Event& event) { event.set(); });
}
std::vector<Row> many_rows() {
  using Events = const std::vector<Event*>&;
  return {
      {"wait", [] { return wait_for_event_rig([](Events e) { EXPECT_EQ(wait(e).size(), 2U); }); }},
      {"wait with a timeout",
       [] {
         return wait_for_event_rig(
             [](Events e) { EXPECT_EQ(wait(e, {.timeout = 1h, .count = 1}).size(), 1U); });
       }},
      {"iwait",
       [] {
         return wait_for_event_rig([](Events e) {
           for (Event* const event : iwait(e)) {
             EXPECT_TRUE(event->is_set());
           }
         });
       }},
      {"wait_any",
       [] { return wait_for_event_rig([](Events e) { EXPECT_EQ(wait_any(e).done.size(), 1U); }); }},
      {"wait_all",
       [] {
         return wait_for_event_rig([](Events e) { EXPECT_EQ(wait_all(e, 1h).done.size(), 2U); });
       }},
      {"wait for an AsyncResult",
       [] {
         return result_rig(
             [](AsyncResult<int>& r) { EXPECT_EQ(wait(std::vector{r})[0].get(), 42); });
       }},
      {"wait for a Latch",
       [] {
         return latch_rig([](Latch& l) { EXPECT_EQ(wait(std::vector<Latch*>{&l}).size(), 1U); });
       }},
      {"wait_first_exception",
       [] { return fiber_rig([](const Fiber<int>& f) { wait_first_exception(std::vector{f}); }); }},
      {"gather", [] { return child_rig([](Child c) { gather(spawn(c), spawn(c)); }); }},
      {"gather_settled", [] { return child_rig([](Child c) { gather_settled(spawn(c)); }); }},
      {"shield", [] { return child_rig([](Child c) { shield(c); }); }},
      {"FiberScope::join",
       [] {
         return child_rig([](Child c) {
           FiberScope scope;
           scope.spawn(c);
           scope.join();
         });
       }},
      {"FiberScope::~FiberScope",
       [] {
         return child_rig([](Child c) {
           FiberScope scope;
           scope.spawn(c);
         });
       }},
  };
}

// ---- timers: joined, and cancelled by the test

Rig timer_rig(void (*join)(const Timer&)) {
  const auto timer = std::make_shared<Timer>(1h, [] { ADD_FAILURE() << "it was cancelled"; });
  return {.wait = [=] { join(*timer); },
          .wake = [=] { timer->cancel(); },
          .check = [=] { EXPECT_FALSE(timer->pending()); },
          .wakes_all = true};
}

// ---- descriptors: a pipe

Rig readable_rig(void (*wait)(int)) {
  const auto pipe = std::make_shared<Pipe>();
  return {.wait = [=] { wait(pipe->out()); },
          .wake = [=] { pipe->feed(); },
          .wakes_all = true,
          .is_indirect = true};
}
Rig writable_rig(void (*wait)(int)) {
  const auto pipe = std::make_shared<Pipe>();
  ::fcntl(pipe->in(), F_SETPIPE_SZ, 4096);  // soon filled, and soon drained
  pipe->fill();
  const auto drain = [=] {
    while (pipe->drink()) {
    }
  };
  return {.wait = [=] { wait(pipe->in()); }, .wake = drain, .wakes_all = true, .is_indirect = true};
}
std::vector<Row> descriptor_rows() {
  static constexpr auto kRead = FdEvent::kReadable;
  static constexpr auto kWrite = FdEvent::kWritable;
  return {
      {"wait_fd to read", [] { return readable_rig([](int fd) { wait_fd(fd, kRead); }); }},
      {"wait_fd_for to read",
       [] { return readable_rig([](int fd) { EXPECT_TRUE(wait_fd_for(fd, kRead, 1h)); }); }},
      {"wait_fd_until to read",
       [] { return readable_rig([](int fd) { EXPECT_TRUE(wait_fd_until(fd, kRead, later())); }); }},
      {"wait_fd for either",
       [] { return readable_rig([](int fd) { wait_fd(fd, FdEvent::kEither); }); }},
      {"wait_fd to write", [] { return writable_rig([](int fd) { wait_fd(fd, kWrite); }); }},
      {"wait_fd_for to write",
       [] { return writable_rig([](int fd) { EXPECT_TRUE(wait_fd_for(fd, kWrite, 1h)); }); }},
      {"wait_fd_until to write",
       [] {
         return writable_rig([](int fd) { EXPECT_TRUE(wait_fd_until(fd, kWrite, later())); });
       }},
  };
}

// ---- one fiber more, whose end is waited for with that of all others

Rig others_rig(void (*wait)()) {
  const auto may_end = std::make_shared<Event>();
  spawn([may_end] { may_end->wait(); });
  return {.wait = wait, .wake = [=] { may_end->set(); }, .wakes_all = true, .is_indirect = true};
}

// ---- what nobody can wake

Rig endless_rig(void (*wait)()) { return {.wait = wait, .wake = nullptr}; }

std::vector<Row> other_rows() {
  return {
      {"Timer::join", [] { return timer_rig([](const Timer& t) { t.join(); }); }},
      {"Timer::join_for",
       [] { return timer_rig([](const Timer& t) { EXPECT_TRUE(t.join_for(1h)); }); }},
      {"Timer::join_until",
       [] { return timer_rig([](const Timer& t) { EXPECT_TRUE(t.join_until(later())); }); }},
      {"wait for all others", [] { return others_rig([] { wait(); }); }},
      {"wait for all others with a timeout",
       [] { return others_rig([] { EXPECT_TRUE(wait(1h)); }); }},
      {"sleep", [] { return endless_rig([] { sleep(1h); }); }},
      {"sleep_until", [] { return endless_rig([] { sleep_until(later()); }); }},
      {"yield",
       [] {
         return endless_rig([] {
           for (;;) {
             yield();
           }
         });
       }},
      {"idle",
       [] {
         return endless_rig([] {
           for (;;) {
             idle();
           }
         });
       }},
  };
}

}  // namespace

std::vector<Row> cancel_fiber_rows() {
  return joined(
      {once_rows(), barrier_rows(), fiber_rows(), many_rows(), descriptor_rows(), other_rows()});
}

}  // namespace weft::test

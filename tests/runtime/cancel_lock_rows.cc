#include <gtest/gtest.h>
#include <weft/weft.h>

#include <memory>
#include <mutex>

#include "tests/runtime/cancel_rows.h"

namespace weft::test {
namespace {

// ---- locks: the test holds it, and unlocks it

template <class M, class Lock, class Unlock>
Rig lock_rig(Lock lock, Unlock unlock) {
  const auto mutex = std::make_shared<M>();
  mutex->lock();
  return {.wait = [=] { lock(*mutex); },
          .wake = [=] { mutex->unlock(); },
          .give_back = [=] { unlock(*mutex); },
          .check =
              [=] {
                EXPECT_TRUE(mutex->try_lock()) << "it is left locked";
                mutex->unlock();
              }};
}
template <class M>
Rig lock_rig(void (*lock)(M&)) {
  return lock_rig<M>(lock, [](M& mutex) { mutex.unlock(); });
}
Rig reader_rig(void (*lock)(SharedMutex&)) {
  Rig rig = lock_rig<SharedMutex>(lock, [](SharedMutex& mutex) { mutex.unlock_shared(); });
  rig.wakes_all = true;  // they share it
  return rig;
}
// The test reads, two want to write.
Rig writer_behind_reader_rig() {
  const auto mutex = std::make_shared<SharedMutex>();
  mutex->lock_shared();
  return {.wait = [=] { mutex->lock(); },
          .wake = [=] { mutex->unlock_shared(); },
          .give_back = [=] { mutex->unlock(); },
          .check =
              [=] {
                EXPECT_TRUE(mutex->try_lock()) << "it is left locked";
                mutex->unlock();
              }};
}

template <class M>
std::vector<Row> lock_rows(const char* const (&names)[3]) {
  return {
      {names[0], [] { return lock_rig<M>([](M& m) { m.lock(); }); }},
      {names[1], [] { return lock_rig<M>([](M& m) { EXPECT_TRUE(m.try_lock_for(1h)); }); }},
      {names[2], [] { return lock_rig<M>([](M& m) { EXPECT_TRUE(m.try_lock_until(later())); }); }},
  };
}
std::vector<Row> reader_rows() {
  using M = SharedMutex;
  return {
      {"SharedMutex::lock_shared", [] { return reader_rig([](M& m) { m.lock_shared(); }); }},
      {"SharedMutex::try_lock_shared_for",
       [] { return reader_rig([](M& m) { EXPECT_TRUE(m.try_lock_shared_for(1h)); }); }},
      {"SharedMutex::try_lock_shared_until",
       [] { return reader_rig([](M& m) { EXPECT_TRUE(m.try_lock_shared_until(later())); }); }},
      {"SharedMutex::lock behind a reader", writer_behind_reader_rig},
  };
}

// ---- semaphores: one permit

template <class S>
Rig permit_rig(void (*acquire)(S&)) {
  const auto permits = std::make_shared<S>(1U);
  permits->acquire();
  return {.wait = [=] { acquire(*permits); },
          .wake = [=] { permits->release(); },
          .give_back = [=] { permits->release(); },
          .check = [=] { EXPECT_EQ(permits->available(), 1U); }};
}
template <class S>
Rig look_rig(void (*wait)(S&)) {
  Rig rig = permit_rig<S>(wait);
  rig.give_back = [] {};
  rig.wakes_all = true;
  return rig;
}
template <class S>
std::vector<Row> semaphore_rows(const char* const (&names)[6]) {
  return {
      {names[0], [] { return permit_rig<S>([](S& s) { s.acquire(); }); }},
      {names[1], [] { return permit_rig<S>([](S& s) { EXPECT_TRUE(s.try_acquire_for(1h)); }); }},
      {names[2],
       [] { return permit_rig<S>([](S& s) { EXPECT_TRUE(s.try_acquire_until(later())); }); }},
      {names[3], [] { return look_rig<S>([](S& s) { s.wait(); }); }},
      {names[4], [] { return look_rig<S>([](S& s) { EXPECT_TRUE(s.wait_for(1h)); }); }},
      {names[5], [] { return look_rig<S>([](S& s) { EXPECT_TRUE(s.wait_until(later())); }); }},
  };
}

// ---- conditions

template <class M, class C>
struct Noticed {
  using Lock = std::unique_lock<M>;
  using Wait = void (*)(Noticed&, Lock&);
  M mutex;
  C condition;
  bool is_there = false;  // the notice, for waits with a predicate
};

// Whatever ends the wait, it ends with the mutex locked.
template <class N>
void wait_locked(N& noticed, typename N::Wait wait) {
  std::unique_lock lock(noticed.mutex);
  try {
    wait(noticed, lock);
  } catch (...) {
    EXPECT_TRUE(lock.owns_lock());
    EXPECT_FALSE(noticed.mutex.try_lock());
    throw;
  }
  EXPECT_FALSE(noticed.mutex.try_lock());
  noticed.is_there = false;
}
template <class N>
Rig notice_rig(typename N::Wait wait, bool all) {
  const auto noticed = std::make_shared<N>();
  const auto notify = [=] {
    noticed->is_there = true;
    all ? noticed->condition.notify_all() : noticed->condition.notify_one();
  };
  return {.wait = [=] { wait_locked(*noticed, wait); },
          .wake = notify,
          .give_back = all ? std::function<void()>([] {}) : notify,
          .check =
              [=] {
                EXPECT_TRUE(noticed->mutex.try_lock());
                noticed->mutex.unlock();
              },
          .wakes_all = all};
}
template <class M, class C>
std::vector<Row> condition_rows(const char* const (&names)[7]) {
  using N = Noticed<M, C>;
  using Lock = typename N::Lock;
  static constexpr auto kWait = [](N& n, Lock& lock) { n.condition.wait(lock); };
  static constexpr auto kFor = [](N& n, Lock& lock) {
    EXPECT_TRUE(n.condition.wait_for(lock, 1h));
  };
  static constexpr auto kUntil = [](N& n, Lock& lock) {
    EXPECT_TRUE(n.condition.wait_until(lock, later()));
  };
  static constexpr auto kPredicate = [](N& n, Lock& lock) {
    n.condition.wait(lock, [&] { return n.is_there; });
  };
  static constexpr auto kForPredicate = [](N& n, Lock& lock) {
    EXPECT_TRUE(n.condition.wait_for(lock, 1h, [&] { return n.is_there; }));
  };
  static constexpr auto kUntilPredicate = [](N& n, Lock& lock) {
    EXPECT_TRUE(n.condition.wait_until(lock, later(), [&] { return n.is_there; }));
  };
  return {
      {names[0], [] { return notice_rig<N>(kWait, false); }},
      {names[1], [] { return notice_rig<N>(kFor, false); }},
      {names[2], [] { return notice_rig<N>(kUntil, false); }},
      {names[3], [] { return notice_rig<N>(kPredicate, false); }},
      {names[4], [] { return notice_rig<N>(kForPredicate, false); }},
      {names[5], [] { return notice_rig<N>(kUntilPredicate, false); }},
      {names[6], [] { return notice_rig<N>(kWait, true); }},
  };
}

}  // namespace

std::vector<Row> cancel_lock_rows() {
  return joined({
      lock_rows<Mutex>({"Mutex::lock", "Mutex::try_lock_for", "Mutex::try_lock_until"}),
      lock_rows<RecursiveMutex>({"RecursiveMutex::lock", "RecursiveMutex::try_lock_for",
                                 "RecursiveMutex::try_lock_until"}),
      lock_rows<SharedMutex>(
          {"SharedMutex::lock", "SharedMutex::try_lock_for", "SharedMutex::try_lock_until"}),
      reader_rows(),
      semaphore_rows<Semaphore>({"Semaphore::acquire", "Semaphore::try_acquire_for",
                                 "Semaphore::try_acquire_until", "Semaphore::wait",
                                 "Semaphore::wait_for", "Semaphore::wait_until"}),
      semaphore_rows<BoundedSemaphore>(
          {"BoundedSemaphore::acquire", "BoundedSemaphore::try_acquire_for",
           "BoundedSemaphore::try_acquire_until", "BoundedSemaphore::wait",
           "BoundedSemaphore::wait_for", "BoundedSemaphore::wait_until"}),
      condition_rows<Mutex, Condition>(
          {"Condition::wait", "Condition::wait_for", "Condition::wait_until",
           "Condition::wait for a predicate", "Condition::wait_for a predicate",
           "Condition::wait_until a predicate", "Condition::wait, notify_all"}),
      condition_rows<SharedMutex, ConditionAny>(
          {"ConditionAny::wait", "ConditionAny::wait_for", "ConditionAny::wait_until",
           "ConditionAny::wait for a predicate", "ConditionAny::wait_for a predicate",
           "ConditionAny::wait_until a predicate", "ConditionAny::wait, notify_all"}),
      {
          {"wait for a Semaphore",
           [] {
             return look_rig<Semaphore>(
                 [](Semaphore& s) { EXPECT_EQ(wait(std::vector<Semaphore*>{&s}).size(), 1U); });
           }},
      },
  });
}

}  // namespace weft::test

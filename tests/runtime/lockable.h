// lockable.h: what the standard asks of mutexes ([thread.req.lockable]), as concepts.
#pragma once
#include <chrono>
#include <concepts>

namespace weft::test {

template <class M>
concept Lockable = requires(M& mutex) {
  mutex.lock();
  { mutex.try_lock() } -> std::same_as<bool>;
  mutex.unlock();
};

template <class M>
concept TimedLockable = Lockable<M> &&
    requires(M& mutex, std::chrono::milliseconds d, std::chrono::system_clock::time_point t) {
  { mutex.try_lock_for(d) } -> std::same_as<bool>;
  { mutex.try_lock_until(t) } -> std::same_as<bool>;
};

template <class M>
concept SharedTimedLockable = requires(M& mutex, std::chrono::milliseconds d,
                                       std::chrono::system_clock::time_point t) {
  mutex.lock_shared();
  { mutex.try_lock_shared() } -> std::same_as<bool>;
  mutex.unlock_shared();
  { mutex.try_lock_shared_for(d) } -> std::same_as<bool>;
  { mutex.try_lock_shared_until(t) } -> std::same_as<bool>;
};

}  // namespace weft::test

// weft/detail/rmw.h: reads, changes and writes of an atomic that lock the bus only where there are
// several threads. No part of the API.
//
// Layer:  runtime, public headers only.
//
// As long as libc knows of one thread (`__libc_single_threaded`, which it clears before a second
// one begins, and weft before fibers change kernel threads) nobody can see a change half done but
// that thread's own signal handlers, and they come between instructions. So one instruction without
// the lock prefix is enough, at a quarter of the price. libc and libstdc++ do the same. Not for
// words that other processes may change.
#pragma once
#include <sys/single_threaded.h>

#include <atomic>

namespace weft::detail {

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)

/// Whether the calling thread is the process's only one.
inline bool is_only_thread() {
  return __atomic_load_n(&::__libc_single_threaded, __ATOMIC_RELAXED) != 0;
}

/// As compare_exchange_strong(), for one thread and its signal handlers.
template <class T>
bool compare_exchange_alone(std::atomic<T>& word, T& expected, T wanted) {
  bool is_done;  // NOLINT(cppcoreguidelines-init-variables): written by the instruction below
  asm volatile("cmpxchg %[wanted], %[word]"
               : "=@cce"(is_done), "+a"(expected), [word] "+m"(reinterpret_cast<T&>(word))
               : [wanted] "r"(wanted)
               : "memory");
  return is_done;
}

/// As fetch_add(), for one thread and its signal handlers.
template <class T>
T fetch_add_alone(std::atomic<T>& word, T value) {
  asm volatile("xadd %[value], %[word]"
               : [value] "+r"(value), [word] "+m"(reinterpret_cast<T&>(word))
               :
               : "memory", "cc");
  return value;
}

#else

inline constexpr bool is_only_thread() { return false; }
template <class T>
bool compare_exchange_alone(std::atomic<T>& word, T& expected, T wanted) {
  return word.compare_exchange_strong(expected, wanted);
}
template <class T>
T fetch_add_alone(std::atomic<T>& word, T value) {
  return word.fetch_add(value);
}

#endif

/// word.compare_exchange_strong(expected, wanted, success); relaxed if it fails.
template <class T>
bool compare_exchange(std::atomic<T>& word, T& expected, T wanted, std::memory_order success) {
  if (is_only_thread()) {
    return compare_exchange_alone(word, expected, wanted);
  }
  return word.compare_exchange_strong(expected, wanted, success, std::memory_order_relaxed);
}

/// The same for a word that no signal handler touches. (Where handlers may let other fibers run,
/// under the hooks, there is never only one thread.)
template <class T>
bool compare_exchange_no_handlers(std::atomic<T>& word, T& expected, T wanted,
                                  std::memory_order success) {
  if (is_only_thread()) {
    const T seen = word.load(std::memory_order_relaxed);
    const bool is_as_expected = seen == expected;
    if (is_as_expected) {
      word.store(wanted, std::memory_order_relaxed);
    }
    expected = seen;
    return is_as_expected;
  }
  return word.compare_exchange_strong(expected, wanted, success, std::memory_order_relaxed);
}

/// word.exchange(wanted, order)
template <class T>
T exchange(std::atomic<T>& word, T wanted, std::memory_order order) {
  if (is_only_thread()) {
    T seen = word.load(std::memory_order_relaxed);
    while (!compare_exchange_alone(word, seen, wanted)) {
    }
    return seen;
  }
  return word.exchange(wanted, order);
}

/// word.fetch_add(value, order)
template <class T>
T fetch_add(std::atomic<T>& word, T value, std::memory_order order) {
  return is_only_thread() ? fetch_add_alone(word, value) : word.fetch_add(value, order);
}

}  // namespace weft::detail

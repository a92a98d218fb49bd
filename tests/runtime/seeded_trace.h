// seeded_trace.h: a run with many possible orders, and the one that it took.
#pragma once
#include <weft/weft.h>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace weft::test {

/// A thousand letters: who of ten fibers of the calling thread's scheduler took the turn. They
/// yield, sleep, and wait for a mutex and for each other.
inline std::string trace() {
  std::string order;
  weft::Mutex mutex;
  std::vector<weft::Fiber<void>> fibers;
  for (int i = 0; i < 10; ++i) {
    fibers.push_back(weft::spawn([&order, &mutex, i] {
      for (int turn = 0; turn < 100; ++turn) {
        order.push_back(static_cast<char>('a' + i));
        if (turn % 3 == 0) {
          weft::sleep(std::chrono::milliseconds(turn * i % 7));
        } else if (turn % 3 == 1) {
          const std::lock_guard<weft::Mutex> hold(mutex);
          weft::yield();
        } else {
          weft::yield();
        }
      }
    }));
  }
  weft::joinall(fibers);
  return order;
}

}  // namespace weft::test

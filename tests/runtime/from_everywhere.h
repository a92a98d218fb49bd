// from_everywhere.h: the same code on fibers of several schedulers and on plain threads, at once.
#pragma once
#include <weft/fiber.h>

#include <thread>
#include <vector>

namespace weft::test {

/// How many times from_everywhere() calls its body.
inline constexpr int kBodies = 8;

/// Runs `body` on fibers of this thread, on fibers of two others, and on two plain threads, all at
/// once.
template <class Body>
void from_everywhere(const Body& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&body] { joinall({spawn(body), spawn(body)}); });
    threads.emplace_back(body);
  }
  joinall({spawn(body), spawn(body)});
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace weft::test

// called_off.h: a client library in a fiber that is killed, or whose time is up, while it waits for
// its server.
#pragma once
#include <gtest/gtest.h>
#include <weft/timeout.h>
#include <weft/weft.h>

#include "tests/support/clock.h"

namespace weft::test {

/// connect() makes what query() gets: that asks for something which takes the server ten seconds,
/// and returns whether the library says that it failed. The limits are for query() alone.
template <class Connect, class Query>
void expect_failure_when_called_off(Connect connect, Query query) {
  constexpr milliseconds kPatience(100);
  // Of ten that a query takes which is not called off. What is called off takes 0.1 s.
  constexpr seconds kMost(5);
  bool has_failed = false;
  {
    auto connection = connect();
    const Stopwatch watch;
    EXPECT_THROW(weft::with_timeout(kPatience, [&] { has_failed = query(connection); }),
                 weft::TimeoutError);
    EXPECT_LT(watch.elapsed(), kMost);
  }
  EXPECT_TRUE(has_failed);
  has_failed = false;
  weft::Semaphore connected;
  const auto fiber = weft::spawn([&] {
    auto connection = connect();
    connected.release();
    has_failed = query(connection);
    weft::sleep(seconds(10));
  });
  connected.acquire();
  const Stopwatch watch;
  EXPECT_FALSE(fiber.join_for(kPatience));
  fiber.kill();
  EXPECT_TRUE(has_failed);
  EXPECT_TRUE(fiber.was_killed());
  EXPECT_LT(watch.elapsed(), kMost);
}

}  // namespace weft::test

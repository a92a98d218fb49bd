// Kernel threads that are not weft's have fibers of a scheduler do something; idle() waits for
// nothing else to do.
#include <weft/weft.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class PostTest : public RuntimeTest {};

TEST_F(PostTest, FromForeignThreadsRunsOnFibersOfTheHubsScheduler) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 250;
  const Hub hub = Hub::current();
  const auto here = std::this_thread::get_id();
  weft::Event all;
  int count = 0;  // no lock: all fibers run on this thread
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kPosts; ++n) {
        hub.post([&] {
          EXPECT_TRUE(this_fiber::on_fiber());
          EXPECT_EQ(std::this_thread::get_id(), here);
          if (++count == kThreads * kPosts) {
            all.set();
          }
        });
      }
    });
  }
  all.wait();
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(count, kThreads * kPosts);
}

// The hub sleeps in the kernel, with nothing else to wait for.
TEST_F(PostTest, WakesAHubThatSleeps) {
  const Hub hub = Hub::current();
  weft::Event posted;
  std::thread thread([&] {
    std::this_thread::sleep_for(5ms);
    hub.post([&] { posted.set(); });
  });
  EXPECT_TRUE(posted.wait_for(30s));
  thread.join();
}

TEST_F(PostTest, OneThreadsCallsStartInOrder) {
  const Hub hub = Hub::current();
  std::vector<int> order;
  weft::Event all;
  std::thread([&] {
    for (int i = 0; i < 100; ++i) {
      hub.post([&order, i] { order.push_back(i); });
    }
    hub.post([&all] { all.set(); });
  }).join();
  all.wait();
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  }
}

TEST_F(PostTest, SpawnFromReturnsAHandleForTheForeignThread) {
  const Hub hub = Hub::current();
  weft::Event done;
  std::thread thread([&] {
    EXPECT_EQ(hub.spawn_from([](int n) { return n + 1; }, 41).get(), 42);
    auto failed = hub.spawn_from([] { throw std::runtime_error("no"); });
    EXPECT_THROW(failed.get(), std::runtime_error);
    done.set();
  });
  done.wait();
  thread.join();
}

TEST_F(PostTest, OntoASchedulerWithSeveralWorkers) {
  weft::Scheduler scheduler{.workers = 2};
  const Hub hub = scheduler.spawn([] { return Hub::current(); }).get();
  std::atomic<int> count{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        hub.spawn_from([&count] { ++count; }).join();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(count, 400);
}

TEST_F(PostTest, AHubThatHasEndedIsAnError) {
  Hub hub;
  std::thread([&hub] { hub = Hub::current(); }).join();
  EXPECT_FALSE(hub.is_open());
  EXPECT_EQ(error_of([&] { hub.post([] {}); }), ESRCH);
  EXPECT_EQ(error_of([] { Hub().post([] {}); }), EINVAL) << "a hub of no scheduler";
  EXPECT_TRUE(Hub::current().is_open());
}

// Every post is either refused or runs before its scheduler has ended.
TEST_F(PostTest, PostsToAHubThatEndsAreRefusedOrRun) {
  constexpr int kMostAhead = 100;
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> accepted{0};
    std::atomic<int> ran{0};
    std::atomic<bool> is_ready{false};
    std::thread poster;
    {
      weft::Scheduler scheduler{.workers = 1};
      const Hub hub = scheduler.spawn([] { return Hub::current(); }).get();
      poster = std::thread([&, hub] {
        try {
          for (;;) {
            hub.post([&ran] { ++ran; });
            ++accepted;
            is_ready = true;
            while (accepted - ran > kMostAhead) {  // else they may come faster than they can end
              std::this_thread::yield();
            }
          }
        } catch (const std::system_error&) {
        }
      });
      while (!is_ready) {
        weft::yield();
      }
    }
    poster.join();
    EXPECT_EQ(ran, accepted);
  }
}

TEST_F(PostTest, IdleResumesWhenNobodyElseIsReady) {
  std::vector<int> order;
  weft::Event idle_has_returned;
  auto idler = weft::spawn([&] {
    weft::idle();
    order.push_back(2);
    idle_has_returned.set();
  });
  auto busy = weft::spawn([&order] {
    for (int i = 0; i < 200; ++i) {
      weft::yield();
    }
    order.push_back(1);
  });
  auto waiter = weft::spawn([&] {
    EXPECT_TRUE(idle_has_returned.wait_for(1h));
    order.push_back(3);
  });
  weft::joinall({idler, busy, waiter});
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(PostTest, IdleEndsWhenItsFiberIsKilled) {
  bool goes_on = true;
  auto busy = weft::spawn([&goes_on] {
    while (goes_on) {
      weft::yield();
    }
  });
  auto idler = weft::spawn([] { weft::idle(); });
  weft::yield();
  idler.kill();
  EXPECT_TRUE(idler.was_killed());
  goes_on = false;
  busy.join();
}

TEST_F(PostTest, IdleFibersOfSeveralWorkersAllResume) {
  weft::Scheduler scheduler{.workers = 2};
  std::vector<weft::Fiber<void>> fibers;
  for (int i = 0; i < 8; ++i) {
    fibers.push_back(scheduler.spawn([] {
      for (int n = 0; n < 20; ++n) {
        weft::idle();
      }
    }));
  }
  weft::joinall(fibers);
}

}  // namespace
}  // namespace weft

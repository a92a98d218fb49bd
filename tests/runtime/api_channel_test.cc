#include <weft/weft.h>

#include <atomic>
#include <memory>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class ChannelApi : public RuntimeTest {};
class Select : public RuntimeTest {};

static_assert(std::ranges::input_range<Channel<std::unique_ptr<int>>>);

TEST_F(ChannelApi, SenderAndReceiverMeet) {
  Channel<int> channel;
  bool sent = false;
  const auto sender = spawn([&] {
    channel.send(1);
    sent = true;
  });
  yield();
  EXPECT_FALSE(sent);
  EXPECT_EQ(channel.balance(), 1);
  EXPECT_EQ(channel.receive(), 1);
  sender.join();
  const auto receiver = spawn([&channel] { return channel.receive(); });
  yield();
  EXPECT_EQ(channel.balance(), -1);
  channel.send(2);
  EXPECT_EQ(receiver.get(), 2);
  EXPECT_EQ(channel.balance(), 0);
}

TEST_F(ChannelApi, ACapacityLetsTheSenderGoAhead) {
  Channel<int> channel(2);
  EXPECT_EQ(channel.capacity(), 2U);
  EXPECT_TRUE(channel.try_send(1));
  EXPECT_TRUE(channel.try_send(2));
  EXPECT_FALSE(channel.try_send(3));
  EXPECT_EQ(channel.size(), 2U);
  const auto sender = spawn([&channel] { channel.send(3); });
  yield();
  EXPECT_EQ(channel.receive(), 1);
  EXPECT_EQ(channel.receive(), 2);
  EXPECT_EQ(channel.receive(), 3);
  sender.join();
}

TEST_F(ChannelApi, TryAndTimeoutsAreReturnValues) {
  Channel<std::unique_ptr<int>> channel;
  auto item = std::make_unique<int>(1);
  EXPECT_EQ(channel.try_receive(), std::nullopt);
  EXPECT_FALSE(channel.try_send(std::move(item)));
  EXPECT_FALSE(channel.send_for(std::move(item), 1ms));  // NOLINT(bugprone-use-after-move)
  EXPECT_FALSE(channel.send_until(std::move(item), std::chrono::steady_clock::now() + 1ms));
  ASSERT_NE(item, nullptr) << "what was not sent is left alone";
  EXPECT_EQ(channel.receive_for(1ms), std::nullopt);
  EXPECT_EQ(channel.receive_until(std::chrono::steady_clock::now() + 1ms), std::nullopt);
  EXPECT_EQ(channel.balance(), 0);
  const auto receiver = spawn([&channel] { return **channel.receive_for(1h); });
  yield();
  EXPECT_TRUE(channel.try_send(std::move(item)));
  EXPECT_EQ(receiver.get(), 1);
}

TEST_F(ChannelApi, CloseDrainsAndThenEnds) {
  Channel<int> channel(1);
  channel.send(1);
  const auto sender = spawn([&channel] { channel.send(2); });
  yield();
  channel.close();
  channel.close();
  EXPECT_TRUE(channel.closed());
  EXPECT_THROW(sender.get(), ChannelClosed);
  EXPECT_THROW(channel.send(3), ChannelClosed);
  EXPECT_EQ(channel.receive(), 1);
  EXPECT_EQ(channel.receive(), std::nullopt);
}

TEST_F(ChannelApi, CloseWakesReceivers) {
  Channel<int> channel;
  const auto receiver = spawn([&channel] { return channel.receive(); });
  yield();
  channel.close();
  EXPECT_EQ(receiver.get(), std::nullopt);
}

TEST_F(ChannelApi, RangeEndsAtClose) {
  Channel<int> channel;
  const auto sender = spawn([&channel] {
    for (const int n : {1, 2, 3}) {
      channel.send(n);
    }
    channel.close();
  });
  std::string seen;
  for (const int n : channel) {
    seen += std::to_string(n);
  }
  EXPECT_EQ(seen, "123");
}

TEST_F(ChannelApi, WhoIsKilledSendsNothing) {
  Channel<int> channel;
  const auto sender = spawn([&channel] { channel.send(1); });
  yield();
  sender.kill();
  EXPECT_EQ(channel.try_receive(), std::nullopt);
  EXPECT_EQ(channel.balance(), 0);
}

TEST_F(Select, DoesTheOneThatIsReady) {
  Channel<int> a;
  Channel<std::string> b(1);
  b.send("b");
  int got = 0;
  const auto use_a = [&got](std::optional<int> n) { got = *n; };
  std::string text;
  EXPECT_EQ(
      select(receive_from(a, use_a), receive_from(b, [&](auto item) { text = item.value(); })), 1U);
  EXPECT_EQ(text, "b");
  const auto sender = spawn([&a] { a.send(7); });
  EXPECT_EQ(select(receive_from(a, use_a), receive_from(b, [](auto) { FAIL(); })), 0U);
  EXPECT_EQ(got, 7);
  EXPECT_EQ(b.balance(), 0) << "it waits at none any more";
  sender.join();
}

TEST_F(Select, Sends) {
  Channel<int> a;
  Channel<int> b;
  bool told = false;
  const auto receiver = spawn([&b] { return b.receive(); });
  EXPECT_EQ(select(send_to(a, 1), send_to(b, 2, [&told] { told = true; })), 1U);
  EXPECT_TRUE(told);
  EXPECT_EQ(receiver.get(), 2);
  EXPECT_EQ(a.balance(), 0);
}

TEST_F(Select, TwoSelectsMeet) {
  Channel<int> a;
  Channel<int> b;
  const auto sender = spawn([&] { return select(send_to(a, 1), send_to(b, 2)); });
  yield();
  int got = 0;
  const auto use = [&got](std::optional<int> n) { got = *n; };
  const std::size_t mine = select(receive_from(a, use), receive_from(b, use));
  EXPECT_EQ(sender.get(), mine);
  EXPECT_EQ(got, static_cast<int>(mine) + 1);
}

TEST_F(Select, DoesNotMeetItself) {
  Channel<int> channel;
  EXPECT_EQ(select_for(1ms, send_to(channel, 1), receive_from(channel, [](auto) { FAIL(); })),
            std::nullopt);
  EXPECT_EQ(channel.balance(), 0);
}

TEST_F(Select, HasATimeoutAndADefault) {
  Channel<int> channel;
  const auto fail = [](std::optional<int>) { FAIL(); };
  expect_times_out([&](auto limit) { return select_for(limit, receive_from(channel, fail)); });
  EXPECT_EQ(try_select(receive_from(channel, fail), send_to(channel, 1)), std::nullopt);
}

TEST_F(Select, OfAnyNumberOfCases) {
  std::vector<std::unique_ptr<Channel<int>>> channels;
  std::vector<std::unique_ptr<SelectCase>> cases;
  int got = 0;
  const auto use = [&got](std::optional<int> n) { got = *n; };
  for (int i = 0; i < 20; ++i) {
    channels.push_back(std::make_unique<Channel<int>>());
    cases.push_back(std::make_unique<ReceiveCase<int, decltype(use)>>(*channels.back(), use));
  }
  EXPECT_EQ(try_select(cases), std::nullopt);
  EXPECT_EQ(select_for(1ms, cases), std::nullopt);
  const auto sender = spawn([&] { channels[13]->send(13); });
  EXPECT_EQ(select(cases), 13U);
  EXPECT_EQ(got, 13);
}

TEST_F(Select, AClosedChannelIsReady) {
  Channel<int> a;
  Channel<int> b;
  b.close();
  bool heard = false;
  const auto hear = [&heard](std::optional<int> n) { heard = !n.has_value(); };
  EXPECT_EQ(select(receive_from(a, hear), receive_from(b, hear)), 1U);
  EXPECT_TRUE(heard);
  EXPECT_THROW(select(send_to(b, 1)), ChannelClosed);
  const auto waiter = spawn([&a] { select(send_to(a, 1)); });
  yield();
  a.close();
  EXPECT_THROW(waiter.get(), ChannelClosed);
}

TEST_F(Select, TakesAllThatAreReadyAsOften) {
  Channel<int> channels[3] = {Channel<int>(1), Channel<int>(1), Channel<int>(1)};
  int counts[3] = {};
  for (int i = 0; i < 300; ++i) {
    for (Channel<int>& channel : channels) {
      channel.try_send(1);
    }
    const auto nothing = [](auto) {};
    ++counts[select(receive_from(channels[0], nothing), receive_from(channels[1], nothing),
                    receive_from(channels[2], nothing))];
  }
  for (const int count : counts) {
    EXPECT_GT(count, 50);
  }
}

TEST_F(Select, WhoIsKilledIsInNoQueue) {
  Channel<int> a;
  Channel<int> b;
  const auto waiter = spawn([&] { select(receive_from(a, [](auto) {}), send_to(b, 1)); });
  yield();
  EXPECT_EQ(a.balance(), -1);
  waiter.kill();
  EXPECT_EQ(a.balance(), 0);
  EXPECT_EQ(b.balance(), 0);
}

// The sanitizers see who still looks at it.
TEST_F(Select, WhoHasServedItMayDestroyTheChannel) {
  auto a = std::make_unique<Channel<int>>();
  Channel<int> b;
  int got = 0;
  const auto nothing = [](std::optional<int>) { FAIL(); };
  const auto waiter = spawn([&] {
    select(receive_from(*a, [&got](std::optional<int> n) { got = *n; }), receive_from(b, nothing));
  });
  yield();
  a->send(7);
  a.reset();
  waiter.join();
  EXPECT_EQ(got, 7);
}

// Selects against selects over the same channels in different orders, on several workers and on
// plain threads, with time running out and kills in between: what is sent is received, once.
TEST_F(Select, ExactlyOneIsDoneBetweenWorkersAndThreads) {
  constexpr int kEach = kSanitized ? 300 : 2000;
  Channel<int> a;
  Channel<int> b(1);
  Channel<int> c;
  std::atomic<long> sent{0};
  std::atomic<long> received{0};
  std::atomic<int> at_work{4};
  const auto receive = [&received](std::optional<int> n) { received += n.value_or(0); };
  const auto sender = [&] {
    for (int n = 1; n <= kEach; ++n) {
      const auto count = [&sent, n] { sent += n; };
      while (!select_for(std::chrono::microseconds(n % 40), send_to(b, n, count),
                         send_to(a, n, count), send_to(c, n, count))) {
      }
    }
    if (--at_work == 0) {
      a.close();
      b.close();
      c.close();
    }
  };
  const auto receiver = [&] {
    for (int open = 1; open != 0;) {
      open = a.closed() ? 0 : 1;
      select_for(20us, receive_from(a, receive), receive_from(c, receive),
                 receive_from(b, receive));
    }
    for (const int n : b) {
      receive(n);
    }
  };
  {
    Scheduler scheduler{.workers = 2};
    std::vector<Fiber<void>> fibers;
    for (int i = 0; i < 3; ++i) {
      fibers.push_back(scheduler.spawn(sender));
      fibers.push_back(scheduler.spawn(receiver));
    }
    std::thread sends(sender);
    std::thread receives(receiver);
    for (int i = 0; i < 50; ++i) {
      const auto victim = scheduler.spawn([&] {
        for (;;) {
          select(receive_from(a, receive), receive_from(b, receive), receive_from(c, receive));
          yield();
        }
      });
      yield();
      victim.kill();
    }
    sends.join();
    receives.join();
    joinall(fibers);
  }
  EXPECT_EQ(sent.load(), 4L * kEach * (kEach + 1) / 2);
  EXPECT_EQ(received.load(), sent.load());
}

}  // namespace
}  // namespace weft

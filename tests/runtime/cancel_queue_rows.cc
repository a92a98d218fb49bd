#include <gtest/gtest.h>
#include <weft/weft.h>

#include <memory>
#include <optional>

#include "tests/runtime/cancel_rows.h"

namespace weft::test {
namespace {

// ---- queues: one item, or room for one

template <class Q>
Rig get_rig(void (*get)(Q&)) {
  const auto queue = std::make_shared<Q>();
  const auto put = [=] { queue->put(7); };
  return {.wait = [=] { get(*queue); },
          .wake = put,
          .give_back = put,
          .check = [=] { EXPECT_EQ(queue->size(), 1U) << "an item is lost"; }};
}
template <class Q>
Rig peek_rig(void (*peek)(Q&)) {
  Rig rig = get_rig<Q>(peek);
  rig.give_back = [] {};
  rig.wakes_all = true;
  return rig;
}
template <class Q>
Rig put_rig(void (*put)(Q&)) {
  const auto queue = std::make_shared<Q>(1U);
  queue->put(1);
  const auto take = [=] { EXPECT_TRUE(queue->try_get().has_value()); };
  return {.wait = [=] { put(*queue); },
          .wake = take,
          .give_back = take,
          .check = [=] { EXPECT_EQ(queue->size(), 0U) << "an item that nobody has put"; }};
}
Rig join_rig(void (*join)(JoinableQueue<int>&)) {
  const auto queue = std::make_shared<JoinableQueue<int>>();
  queue->put(1);
  return {.wait = [=] { join(*queue); },
          .wake = [=] { queue->task_done(); },
          .check = [=] { EXPECT_EQ(queue->unfinished_tasks(), 0U); },
          .wakes_all = true};
}
std::vector<Row> queue_rows() {
  using Q = Queue<int>;
  using J = JoinableQueue<int>;
  return {
      {"Queue::get", [] { return get_rig<Q>([](Q& q) { EXPECT_EQ(q.get(), 7); }); }},
      {"Queue::get_for", [] { return get_rig<Q>([](Q& q) { EXPECT_EQ(q.get_for(1h), 7); }); }},
      {"Queue::get_until",
       [] { return get_rig<Q>([](Q& q) { EXPECT_EQ(q.get_until(later()), 7); }); }},
      {"Queue::next", [] { return get_rig<Q>([](Q& q) { EXPECT_EQ(q.next(), 7); }); }},
      {"Queue::begin", [] { return get_rig<Q>([](Q& q) { EXPECT_EQ(*q.begin(), 7); }); }},
      {"Queue::peek", [] { return peek_rig<Q>([](Q& q) { EXPECT_EQ(q.peek(), 7); }); }},
      {"Queue::peek_for", [] { return peek_rig<Q>([](Q& q) { EXPECT_EQ(q.peek_for(1h), 7); }); }},
      {"Queue::peek_until",
       [] { return peek_rig<Q>([](Q& q) { EXPECT_EQ(q.peek_until(later()), 7); }); }},
      {"Queue::put", [] { return put_rig<Q>([](Q& q) { q.put(7); }); }},
      {"Queue::put_for", [] { return put_rig<Q>([](Q& q) { EXPECT_TRUE(q.put_for(7, 1h)); }); }},
      {"Queue::put_until",
       [] { return put_rig<Q>([](Q& q) { EXPECT_TRUE(q.put_until(7, later())); }); }},
      {"SimpleQueue::get",
       [] { return get_rig<SimpleQueue<int>>([](auto& q) { EXPECT_EQ(q.get(), 7); }); }},
      {"LifoQueue::get",
       [] { return get_rig<LifoQueue<int>>([](auto& q) { EXPECT_EQ(q.get(), 7); }); }},
      {"LifoQueue::put", [] { return put_rig<LifoQueue<int>>([](auto& q) { q.put(7); }); }},
      {"PriorityQueue::get",
       [] { return get_rig<PriorityQueue<int>>([](auto& q) { EXPECT_EQ(q.get(), 7); }); }},
      {"PriorityQueue::put", [] { return put_rig<PriorityQueue<int>>([](auto& q) { q.put(7); }); }},
      {"JoinableQueue::get", [] { return get_rig<J>([](J& q) { EXPECT_EQ(q.get(), 7); }); }},
      {"JoinableQueue::put", [] { return put_rig<J>([](J& q) { q.put(7); }); }},
      {"JoinableQueue::join", [] { return join_rig([](J& q) { q.join(); }); }},
      {"JoinableQueue::join_for",
       [] { return join_rig([](J& q) { EXPECT_TRUE(q.join_for(1h)); }); }},
      {"JoinableQueue::join_until",
       [] { return join_rig([](J& q) { EXPECT_TRUE(q.join_until(later())); }); }},
  };
}

// ---- channels: from hand to hand, and with room for one

using C = Channel<int>;

// The other channel of a choice: nothing comes to pass there.
C& idle_channel() {
  static C channel;
  return channel;
}

Rig receive_rig(void (*receive)(C&), std::size_t capacity) {
  const auto channel = std::make_shared<C>(capacity);
  return {.wait = [=] { receive(*channel); },
          .wake = [=] { EXPECT_TRUE(channel->try_send(7)); },
          .give_back = [=] { channel->try_send(7); },  // to nobody, if nobody waits
          .check =
              [=] {
                const auto left = static_cast<std::ptrdiff_t>(channel->capacity());
                EXPECT_EQ(channel->balance(), left) << "an item is lost";
                EXPECT_EQ(idle_channel().balance(), 0) << "somebody still waits there";
              }};
}
Rig send_rig(void (*send)(C&), std::size_t capacity) {
  const auto channel = std::make_shared<C>(capacity);
  if (capacity != 0) {
    channel->send(7);
  }
  return {.wait = [=] { send(*channel); },
          .wake = [=] { EXPECT_EQ(channel->try_receive(), 7); },
          .give_back = [=] { channel->try_receive(); },
          .check =
              [=] {
                EXPECT_EQ(channel->balance(), 0) << "an item that nobody has sent";
                EXPECT_EQ(idle_channel().balance(), 0) << "somebody still waits there";
              }};
}
void select_receive(C& channel) {
  int got = 0;
  select(receive_from(idle_channel(), [](std::optional<int>) { ADD_FAILURE(); }),
         receive_from(channel, [&](std::optional<int> item) { got = *item; }));
  EXPECT_EQ(got, 7);
}
void select_send(C& channel) {
  const auto done =
      select_for(1h, send_to(channel, 7),
                 receive_from(idle_channel(), [](std::optional<int>) { ADD_FAILURE(); }));
  EXPECT_EQ(done, 0U);
}
std::vector<Row> channel_rows() {
  static constexpr auto kReceive = [](C& c) { EXPECT_EQ(c.receive(), 7); };
  static constexpr auto kSend = [](C& c) { c.send(7); };
  return {
      {"Channel::receive", [] { return receive_rig(kReceive, 0); }},
      {"Channel::receive with room", [] { return receive_rig(kReceive, 1); }},
      {"Channel::receive_for",
       [] { return receive_rig([](C& c) { EXPECT_EQ(c.receive_for(1h), 7); }, 0); }},
      {"Channel::receive_until",
       [] { return receive_rig([](C& c) { EXPECT_EQ(c.receive_until(later()), 7); }, 0); }},
      {"Channel::begin", [] { return receive_rig([](C& c) { EXPECT_EQ(*c.begin(), 7); }, 0); }},
      {"Channel::send", [] { return send_rig(kSend, 0); }},
      {"Channel::send with room", [] { return send_rig(kSend, 1); }},
      {"Channel::send_for",
       [] { return send_rig([](C& c) { EXPECT_TRUE(c.send_for(7, 1h)); }, 0); }},
      {"Channel::send_until",
       [] { return send_rig([](C& c) { EXPECT_TRUE(c.send_until(7, later())); }, 0); }},
      {"select to receive", [] { return receive_rig(select_receive, 0); }},
      {"select to receive with room", [] { return receive_rig(select_receive, 1); }},
      {"select_for to send", [] { return send_rig(select_send, 0); }},
  };
}

}  // namespace

std::vector<Row> cancel_queue_rows() { return joined({queue_rows(), channel_rows()}); }

}  // namespace weft::test

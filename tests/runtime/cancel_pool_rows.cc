#include <gtest/gtest.h>
#include <weft/weft.h>

#include <memory>
#include <vector>

#include "tests/runtime/cancel_rows.h"

namespace weft::test {
namespace {

// ---- groups: one member, which ends when it is told to and not before

void wait_whatever_comes(Event& event) {
  while (!event.is_set()) {
    try {
      event.wait();
    } catch (const FiberExit&) {
      // it refuses
    }
  }
}
template <class G>
Rig member_rig(void (*wait)(G&), std::shared_ptr<G> group) {
  const auto may_end = std::make_shared<Event>();
  group->spawn([may_end] { wait_whatever_comes(*may_end); });
  return {.wait = [=] { wait(*group); },
          .wake = [=] { may_end->set(); },
          .check =
              [=] {
                group->join();
                EXPECT_TRUE(group->empty());
              },
          .wakes_all = true,
          .is_indirect = true};
}
Rig group_rig(void (*wait)(Group&)) { return member_rig(wait, std::make_shared<Group>()); }
std::vector<Row> group_rows() {
  return {
      {"Group::join", [] { return group_rig([](Group& g) { g.join(); }); }},
      {"Group::join_for", [] { return group_rig([](Group& g) { EXPECT_TRUE(g.join_for(1h)); }); }},
      {"Group::join_until",
       [] { return group_rig([](Group& g) { EXPECT_TRUE(g.join_until(later())); }); }},
      {"Group::kill", [] { return group_rig([](Group& g) { g.kill(); }); }},
      {"Group::kill_for", [] { return group_rig([](Group& g) { EXPECT_TRUE(g.kill_for(1h)); }); }},
      {"Group::apply", [] { return child_rig([](Child c) { Group().apply(c); }); }},
      {"Group::map",
       [] {
         return child_rig([](Child c) { Group().map([c](int) { c(); }, std::vector{1, 2}); });
       }},
      {"Group::imap",
       [] {
         return child_rig([](Child c) {
           const std::vector items{1, 2};
           Group group;
           for (const int n : group.imap([c](int i) { return c(), i; }, items, 1)) {
             EXPECT_GT(n, 0);
           }
         });
       }},
      {"Group::imap_unordered",
       [] {
         return child_rig([](Child c) {
           const std::vector items{1, 2};
           Group group;
           for (const int n : group.imap_unordered([c](int i) { return c(), i; }, items)) {
             EXPECT_GT(n, 0);
           }
         });
       }},
  };
}

// ---- pools: one seat

Rig pool_rig(void (*wait)(Pool&)) {
  const auto pool = std::make_shared<Pool>(1U);
  Rig rig = member_rig(wait, pool);
  rig.wakes_all = false;
  rig.check = [pool] {
    pool->join();
    EXPECT_EQ(pool->free_count(), 1U) << "a seat is lost";
  };
  return rig;
}
std::vector<Row> pool_rows() {
  return {
      {"Pool::spawn", [] { return pool_rig([](Pool& p) { p.spawn([] {}); }); }},
      {"Pool::add", [] { return pool_rig([](Pool& p) { p.add(spawn([] {})); }); }},
      {"Pool::wait_available", [] { return pool_rig([](Pool& p) { p.wait_available(); }); }},
      {"Pool::wait_available_for",
       [] { return pool_rig([](Pool& p) { EXPECT_TRUE(p.wait_available_for(1h)); }); }},
  };
}

// ---- pools of threads: calls that block until they are told to end. offload() is not
// among them: it waits for its call, whatever comes.

Rig thread_rig(void (*wait)(ThreadPool&, Child call)) {
  const auto pool = std::make_shared<ThreadPool>();
  return child_rig([=](Child call) { wait(*pool, call); });
}
// One call, which they all wait for.
Rig shutdown_rig() {
  const auto pool = std::make_shared<ThreadPool>();
  const auto may_end = std::make_shared<Event>();
  pool->submit([may_end] { may_end->wait(); });
  return {.wait = [=] { pool->shutdown(); },
          .wake = [=] { may_end->set(); },
          .check = [=] { EXPECT_EQ(pool->size(), 0U); },
          .wakes_all = true,
          .is_indirect = true};
}
std::vector<Row> thread_rows() {
  return {
      {"ThreadPool::apply", [] { return thread_rig([](ThreadPool& p, Child c) { p.apply(c); }); }},
      {"ThreadPool::map",
       [] {
         return thread_rig([](ThreadPool& p, Child c) {
           p.map([c](int) { c(); }, std::vector{1, 2});
         });
       }},
      {"ThreadPool::map_for",
       [] {
         return thread_rig([](ThreadPool& p, Child c) {
           EXPECT_TRUE(p.map_for(
                            1h, [c](int) { c(); }, std::vector{1, 2})
                           .has_value());
         });
       }},
      {"ThreadPool::shutdown", shutdown_rig},
  };
}

}  // namespace

std::vector<Row> cancel_pool_rows() { return joined({group_rows(), pool_rows(), thread_rows()}); }

}  // namespace weft::test

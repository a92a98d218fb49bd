// cancel_rows.h: the waits of the API, one row each, for cancel_everywhere_test.cc.
#pragma once
#include <weft/event.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

namespace weft::test {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): literals only

/// An object that nobody can have yet, and what can be done with it. There is one wake-up (a lock,
/// a permit, an item, a notice) that goes from hand to hand, unless all hear of it.
struct Rig {
  std::function<void()> wait;               ///< the wait, until the wake-up has come
  std::function<void()> wake;               ///< gives the wake-up; none: nobody can
  std::function<void()> give_back = [] {};  ///< by who got it: passes it on. Never waits.
  std::function<void()> check = [] {};      ///< nobody waits, and all is as it should be
  std::function<void()> renew = [] {};      ///< before it is used again
  bool wakes_all = false;                   ///< the wake-up is for all who wait
  bool is_indirect = false;                 ///< it comes through others: a kill may overtake it
  bool ends_others = false;                 ///< who is called off ends the waits of the others
};

struct Row {
  const char* name;
  std::function<Rig()> make;
};

/// Those that a program tests. Another wait: another row.
std::vector<Row> all_cancel_rows();

std::vector<Row> cancel_lock_rows();
std::vector<Row> cancel_fiber_rows();
std::vector<Row> cancel_pool_rows();
std::vector<Row> cancel_process_rows();
std::vector<Row> cancel_queue_rows();

inline std::vector<Row> joined(std::initializer_list<std::vector<Row>> groups) {
  std::vector<Row> all;
  for (const std::vector<Row>& group : groups) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

/// Waits for what others do: each who waits has them call `child`, which waits for the wake-up.
using Child = const std::function<void()>&;
inline Rig child_rig(const std::function<void(Child child)>& wait) {
  const auto may_end = std::make_shared<Event>();
  return {.wait = [=] { wait([may_end] { may_end->wait(); }); },
          .wake = [=] { may_end->set(); },
          .wakes_all = true,
          .is_indirect = true};
}

inline auto later() { return std::chrono::steady_clock::now() + 1h; }

}  // namespace weft::test

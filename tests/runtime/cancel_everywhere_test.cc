// Every wait of the API, called off in every way at every moment. What is checked for each: the
// fiber ends by what has called it off, nobody else misses a wake-up, nothing is lost or left
// locked, and the object can be used again.
#include <weft/weft.h>

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/runtime/cancel_rows.h"
#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

enum class How : std::uint8_t {
  kKill,
  kException,
  kTimeout,
  kWakeThenKill,
  kKillThenWake,
  kWakeThenTimeout,
  kTimeoutThenWake,
};

struct Tired : std::runtime_error {
  Tired() : std::runtime_error("tired") {}
};

// The fibers of this thread have come to where they wait.
void settle() {
  for (int i = 0; i < 8; ++i) {
    yield();
  }
}

// Two fibers wait; one of them is called off.
class Scene {
 public:
  Scene(const Row& row, How how, bool is_first)
      : rig_(row.make()), how_(how), is_first_(is_first) {}

  void play() {
    start();
    settle();
    EXPECT_FALSE(victim_got_);
    EXPECT_TRUE(!other_got_ || rig_.ends_others) << "both wait";
    call_off();
    settle();
    const bool was_woken = how_ > How::kTimeout && rig_.wake != nullptr;
    if (was_woken) {
      EXPECT_TRUE(victim_got_ || !must_win()) << "a wake-up that was given counts";
    } else {
      EXPECT_FALSE(victim_got_);
    }
    finish_other(was_woken);
    expect_end();
    use_again();
    rig_.check();
  }

 private:
  static constexpr auto kLimit = std::chrono::microseconds(500);

  [[nodiscard]] bool has_limit() const {
    return how_ == How::kTimeout || how_ == How::kWakeThenTimeout || how_ == How::kTimeoutThenWake;
  }
  // The wake-up came first, and it was for the victim.
  [[nodiscard]] bool must_win() const {
    return came_first_ && !rig_.is_indirect && (is_first_ || rig_.wakes_all);
  }

  void go_through(bool& got) {
    rig_.wait();
    got = true;
    rig_.give_back();
  }
  void start_victim() {
    victim_ = spawn([this] {
      Timeout limit;
      if (has_limit()) {
        before_limit_ = Stopwatch();
        limit.start(kLimit);
        behind_limit_ = Stopwatch();
      }
      go_through(victim_got_);
      sleep(1h);  // what has come too late for the wait ends this one
    });
  }
  void start() {
    if (is_first_) {
      start_victim();
      yield();
    }
    other_ = spawn([this] { go_through(other_got_); });
    yield();
    if (!is_first_) {
      start_victim();
    }
  }

  void wake() {
    if (rig_.wake != nullptr) {
      rig_.wake();
    }
  }
  // Nobody else runs meanwhile.
  void let_limit_pass() const {
    while (behind_limit_.elapsed() < kLimit) {
    }
  }
  void call_off() {
    switch (how_) {
      case How::kKill:
        EXPECT_TRUE(victim_.kill_for(10s));
        break;
      case How::kException:
        EXPECT_TRUE(victim_.kill_for(10s, Tired()));
        break;
      case How::kTimeout:
        EXPECT_TRUE(victim_.join_for(10s));
        break;
      case How::kWakeThenKill:
        wake();
        came_first_ = true;
        victim_.kill_soon();
        break;
      case How::kKillThenWake:
        victim_.kill_soon();
        wake();
        break;
      case How::kWakeThenTimeout:
        wake();
        came_first_ = before_limit_.elapsed() < kLimit;
        let_limit_pass();
        break;
      case How::kTimeoutThenWake:
        let_limit_pass();
        wake();
        break;
    }
    EXPECT_TRUE(victim_.join_for(10s));
  }

  void finish_other(bool was_woken) {
    if (rig_.wake == nullptr) {
      EXPECT_TRUE(other_.kill_for(10s));
      return;
    }
    if (!was_woken) {
      EXPECT_EQ(other_got_, rig_.ends_others) << "it is not its turn";
      wake();
    }
    EXPECT_TRUE(other_.join_for(10s)) << "a wake-up is lost";
    EXPECT_TRUE(other_got_);
    EXPECT_TRUE(other_.successful());
  }
  void expect_end() const {
    if (has_limit()) {
      EXPECT_THROW(victim_.get(), TimeoutError);
    } else if (how_ == How::kException) {
      EXPECT_THROW(victim_.get(), Tired);
    } else {
      EXPECT_TRUE(victim_.was_killed());
    }
  }
  void use_again() {
    if (rig_.wake == nullptr) {
      return;
    }
    rig_.renew();
    bool got = false;
    const auto late = spawn([&] { go_through(got); });
    settle();
    if (!got) {
      wake();
    }
    EXPECT_TRUE(late.join_for(10s)) << "it can't be used again";
    EXPECT_TRUE(got);
  }

  Rig rig_;
  How how_;
  bool is_first_;
  bool victim_got_ = false;
  bool other_got_ = false;
  bool came_first_ = false;
  Stopwatch before_limit_;  // of the victim: it begins behind one and before the other
  Stopwatch behind_limit_;
  Fiber<void> victim_;
  Fiber<void> other_;
};

class CancelEverywhere : public RuntimeTest {
 protected:
  static void play_all(How how) {
    for (const Row& row : all_cancel_rows()) {
      for (const bool is_first : {true, false}) {
        SCOPED_TRACE(std::string(row.name) + (is_first ? ", the first" : ", the last"));
        Scene(row, how, is_first).play();
      }
    }
  }
};

TEST_F(CancelEverywhere, KillEndsEveryWait) { play_all(How::kKill); }
TEST_F(CancelEverywhere, ExceptionsOfTheUserEndEveryWait) { play_all(How::kException); }
TEST_F(CancelEverywhere, TimeoutEndsEveryWait) { play_all(How::kTimeout); }
TEST_F(CancelEverywhere, WakeUpJustBeforeAKillCounts) { play_all(How::kWakeThenKill); }
TEST_F(CancelEverywhere, WakeUpJustBehindAKillIsNotLost) { play_all(How::kKillThenWake); }
TEST_F(CancelEverywhere, WakeUpJustBeforeATimeoutCounts) { play_all(How::kWakeThenTimeout); }
TEST_F(CancelEverywhere, WakeUpJustBehindATimeoutIsNotLost) { play_all(How::kTimeoutThenWake); }

}  // namespace
}  // namespace weft

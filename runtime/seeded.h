// seeded.h: what makes the order of a scheduler's fibers a function of one number: dice, and a
// clock that only its fibers move.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("Seeded runs").
#pragma once
#include <atomic>
#include <cstdint>

namespace weft::runtime {

/// Of one scheduler.
///
/// Threads: below: the holder of the scheduler's one queue. The clock: its kernel threads.
class Seeded {
 public:
  explicit Seeded(std::uint64_t seed) : seed_(seed), state_(seed) {}
  Seeded(const Seeded&) = delete;
  Seeded& operator=(const Seeded&) = delete;
  ~Seeded() = default;

  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  /// The next number, from 0 to `end` - 1.
  std::uint32_t below(std::uint32_t end) {
    return static_cast<std::uint32_t>((next() >> 32) * end >> 32);
  }

  /// Virtual time: nanoseconds, on no clock of the kernel's.
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_.load(std::memory_order_relaxed); }
  /// A fiber gets its turn: so who waits in a loop of yields sees deadlines pass.
  void count_turn() { advance(kTurn); }
  void advance(std::int64_t ns) { now_ns_.store(now_ns() + ns, std::memory_order_relaxed); }
  void jump_to(std::int64_t moment_ns) {
    if (moment_ns > now_ns()) {
      now_ns_.store(moment_ns, std::memory_order_relaxed);
    }
  }

  /// That of the scheduler that runs the caller; null if it goes by real time. Costs a load as long
  /// as there has been none.
  static const Seeded* of_caller() {
    return any_exists.load(std::memory_order_relaxed) ? of_running_scheduler() : nullptr;
  }
  /// A first one has been made.
  static void announce() { any_exists.store(true, std::memory_order_relaxed); }

 private:
  static const Seeded* of_running_scheduler();
  // splitmix64, by Sebastiano Vigna: every seed is as good as any other, zero too.
  std::uint64_t next() {
    state_ += 0x9e37'79b9'7f4a'7c15;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }

  static constexpr std::int64_t kTurn = 1'000;
  // Not zero: a deadline some time before the start is a moment, too.
  static constexpr std::int64_t kStart = 1'000'000'000'000;
  static constinit std::atomic<bool> any_exists;
  const std::uint64_t seed_;
  std::uint64_t state_;
  std::atomic<std::int64_t> now_ns_{kStart};
};

}  // namespace weft::runtime

// deadline.h: a moment on CLOCK_MONOTONIC, or never; what time it is.
//
// Layer:  runtime. A timeout is a length and ends at the API; below it there are only deadlines.
#pragma once
#include <time.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace weft::runtime {

/// Nanoseconds of CLOCK_MONOTONIC since its start. In a seeded run: of its virtual time (seeded.h).
std::int64_t now_ns();

/// Whether now_ns() is CLOCK_MONOTONIC for the caller.
bool is_real_time();

/// Nanoseconds of the given clock since its start.
std::int64_t clock_ns(clockid_t clock);

/// A moment on the clock of now_ns(), or never. Sums saturate: a timeout of centuries is never.
class Deadline {
 public:
  constexpr Deadline() = default;
  static constexpr Deadline never() { return {}; }
  static constexpr Deadline at(std::int64_t ns) { return Deadline(ns); }
  /// `timeout` from now; a negative one is now.
  static Deadline after(std::chrono::nanoseconds timeout) {
    const std::int64_t now = now_ns();
    const std::int64_t length = timeout.count() < 0 ? 0 : timeout.count();
    return length >= kNever - now ? never() : at(now + length);
  }
  /// The moment at which `clock` shows `ns`, as CLOCK_MONOTONIC stands to it now.
  static Deadline on_clock(clockid_t clock, std::int64_t ns) {
    if (clock == CLOCK_MONOTONIC && is_real_time()) {
      return at(ns);
    }
    return after(std::chrono::nanoseconds(ns - clock_ns(clock)));
  }

  [[nodiscard]] constexpr bool is_never() const { return ns_ == kNever; }
  [[nodiscard]] bool passed() const { return ns_ != kNever && now_ns() >= ns_; }
  [[nodiscard]] constexpr std::int64_t ns() const { return ns_; }
  /// Time left, never negative. Of `never`: the largest value.
  [[nodiscard]] std::int64_t left_ns() const {
    if (is_never()) {
      return kNever;
    }
    const std::int64_t now = now_ns();
    return ns_ > now ? ns_ - now : 0;
  }
  /// The same, as a length for the kernel.
  [[nodiscard]] timespec left() const { return at(left_ns()).to_timespec(); }
  [[nodiscard]] constexpr timespec to_timespec() const {
    return {static_cast<time_t>(ns_ / kSecond), static_cast<long>(ns_ % kSecond)};
  }
  friend constexpr bool operator<(Deadline a, Deadline b) { return a.ns_ < b.ns_; }
  friend constexpr bool operator==(Deadline a, Deadline b) = default;

  static constexpr std::int64_t kSecond = 1'000'000'000;

 private:
  constexpr explicit Deadline(std::int64_t ns) : ns_(ns) {}
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  std::int64_t ns_ = kNever;
};

/// The length that `t` holds, in nanoseconds, saturated.
constexpr std::int64_t to_ns(const timespec& t) {
  constexpr std::int64_t kMaxSeconds =
      std::numeric_limits<std::int64_t>::max() / Deadline::kSecond - 1;
  return t.tv_sec > kMaxSeconds ? std::numeric_limits<std::int64_t>::max()
                                : t.tv_sec * Deadline::kSecond + t.tv_nsec;
}

}  // namespace weft::runtime

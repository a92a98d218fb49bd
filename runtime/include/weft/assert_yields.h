// weft/assert_yields.h: code that must let other fibers run, for tests.
//
// Layer:  runtime, public.      See also: weft/this_fiber.h; WEFT_MONITOR=1, which looks at a whole
// program.
#pragma once
#include <weft/detail/switch_watch.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace weft {

/// Other fibers could not run: see AssertYields.
///
/// Source:   AssertionError, as gevent.util.assert_switches() raises it.
///
///     EXPECT_THROW(check_that_it_yields(spin), weft::DidNotYield);
class DidNotYield : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A scope that must let other fibers run: at least once, or, if a length is given, each time
/// before that has passed.
///
/// Units:    any std::chrono duration, of CLOCK_MONOTONIC, also in a seeded run.
/// Errors:   check() and the destructor throw DidNotYield; the destructor not while an exception
///           leaves the scope. The constructor throws std::system_error(EAGAIN) when the thread's
///           scheduler can't start: a thread becomes a main fiber by it, as by spawn().
/// Threads:  the fiber that made it, only: it is about nobody else. Several may be nested.
/// Promise:  each wait that suspends the fiber lets others run, as does weft::yield(), whether or
///           not another is ready. A lock that is free does not, nor does what is there already. As
///           long as none of these exist, nothing is counted.
/// Source:   gevent.util.assert_switches().
///
///     {
///       weft::AssertYields must_yield(10ms);
///       compress(page);
///     }
class AssertYields {
 public:
  /// The scope must let others run at least once.
  AssertYields() : AssertYields(kOnce) {}
  /// The scope may keep others from running for `max_blocking_time` at a time.
  template <class Rep, class Period>
  explicit AssertYields(const std::chrono::duration<Rep, Period>& max_blocking_time)
      : AssertYields(std::chrono::ceil<std::chrono::nanoseconds>(max_blocking_time).count()) {}
  AssertYields(const AssertYields&) = delete;
  AssertYields& operator=(const AssertYields&) = delete;
  /// As check(), unless an exception leaves the scope.
  ~AssertYields() noexcept(false);  // NOLINT(bugprone-exception-escape): what it is for

  /// Throws DidNotYield if others could not run up to now.
  void check() const;
  /// How often others could run.
  [[nodiscard]] std::uint64_t yields() const { return watch_.turns; }
  /// How long they could not, at most: between two yields, or since the last one.
  [[nodiscard]] std::chrono::nanoseconds longest_block() const;

 private:
  static constexpr std::int64_t kOnce = -1;
  explicit AssertYields(std::int64_t most_ns);

  detail::SwitchWatch watch_;
  const std::int64_t most_ns_ = kOnce;
  const int exceptions_ = 0;
  void* const fiber_ = nullptr;
};

}  // namespace weft

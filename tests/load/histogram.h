// tests/load/histogram.h: latencies, counted in buckets that are never wider than 1.6 % of their
// value.
//
// Layer:  tests.      After Gil Tene's HdrHistogram: constant memory, and the tail is kept exactly
// as well as the middle, which an average or a sampled list does not do.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace weft::load {

/// Counts values (here nanoseconds) and answers quantiles.
///
/// Threads:  one.
/// Promise:  quantile() is at most 1/64 above the true value, and never above max().
class Histogram {
 public:
  void record(std::uint64_t value) {
    ++counts_[index_of(value)];
    ++total_;
    max_ = std::max(max_, value);
  }

  /// The smallest recorded value (to a bucket's width) that a share `q` of all values do not
  /// exceed.
  [[nodiscard]] std::uint64_t quantile(double q) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) return std::min(upper_end_of(i), max_);
    }
    return max_;
  }

  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  // Values below 64 have a bucket each; above, each power of two is cut into 64 equal buckets.
  static constexpr unsigned kBits = 6;
  static constexpr std::uint64_t kStep = 1U << kBits;

  static std::size_t index_of(std::uint64_t value) {
    if (value < kStep) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (shift + 1) * kStep + ((value >> shift) - kStep);
  }

  static std::uint64_t upper_end_of(std::size_t index) {
    if (index < kStep) return index;
    const auto shift = index / kStep - 1;
    return ((index % kStep + kStep + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - kBits + 1) * kStep> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace weft::load

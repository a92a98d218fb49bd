// weft/detail/input_range.h: a range of whatever next() returns, until that is nothing. No part of
// the API.
//
// Layer:  runtime, public headers only.
#pragma once
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

namespace weft::detail {

/// The only iterator of one pass. Source::next() returns std::optional<T>, and may wait.
template <class T, class Source>
class InputIterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  InputIterator() = default;
  explicit InputIterator(Source& source) : source_(&source) { ++*this; }

  T& operator*() const { return *current_; }
  InputIterator& operator++() {
    current_.reset();  // before the next one is made: there is one at a time
    std::optional<T> next = source_->next();
    if (next.has_value()) {
      current_.emplace(std::move(*next));
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const InputIterator& it, std::default_sentinel_t) {
    return !it.current_.has_value();
  }

 private:
  Source* source_ = nullptr;
  mutable std::optional<T> current_;
};

}  // namespace weft::detail

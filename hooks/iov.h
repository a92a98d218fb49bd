// iov.h: the rest of a scatter/gather list after some bytes of it are done, without writing to the
// caller's list.
//
// Layer:  hooks.
#pragma once
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>

namespace weft::hooks {

/// Total length of a list.
inline std::size_t length_of(const iovec* parts, std::size_t count) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    total += parts[i].iov_len;
  }
  return total;
}

/// A window on the list behind its first `done` bytes, of at most kParts parts: the caller comes
/// back for more.
class IovRest {
 public:
  static constexpr std::size_t kParts = 64;

  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): copy_ is filled as far as it is used
  IovRest(const iovec* parts, std::size_t count, std::size_t done) {
    if (done == 0) {  // the whole list: one call, so that small writes stay atomic
      view_ = parts;
      count_ = count;
      return;
    }
    std::size_t i = 0;
    while (i < count && done >= parts[i].iov_len) {
      done -= parts[i].iov_len;
      ++i;
    }
    for (; i < count && count_ < kParts; ++i) {
      copy_[count_++] = {static_cast<char*>(parts[i].iov_base) + done, parts[i].iov_len - done};
      done = 0;
    }
  }
  IovRest(const IovRest&) = delete;
  IovRest& operator=(const IovRest&) = delete;
  ~IovRest() = default;

  [[nodiscard]] const iovec* parts() const { return view_; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  iovec copy_[kParts];  // NOLINT: filled up to count_
  const iovec* view_ = copy_;
  std::size_t count_ = 0;
};

}  // namespace weft::hooks

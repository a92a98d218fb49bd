// tests/support/fd.h: a descriptor that closes itself.
#pragma once
#include <unistd.h>

#include <utility>

namespace weft::test {

/// Owns one descriptor; converts to int so that libc calls read as in a program.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  // NOLINTNEXTLINE(google-explicit-constructor): a Fd is passed to libc calls as it is.
  operator int() const { return fd_; }

  /// Gives up the descriptor without closing it.
  int release() { return std::exchange(fd_, -1); }

  /// Closes the descriptor now.
  void reset() {
    if (fd_ >= 0) {
      ::close(release());
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace weft::test

// pidfd.h: waits for the end of one process.
//
// Layer:  runtime.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace weft::detail {

/// Owns a pidfd, or none.
class Pidfd {
 public:
  Pidfd() = default;
  explicit Pidfd(int fd);
  Pidfd(Pidfd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Pidfd& operator=(Pidfd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Pidfd(const Pidfd&) = delete;
  Pidfd& operator=(const Pidfd&) = delete;
  ~Pidfd();

  /// Of a process of that number. Throws ESRCH, ENOSYS and so on.
  static Pidfd open(pid_t pid);

  /// Waits until the process has ended. False when the deadline has passed.
  [[nodiscard]] bool wait(std::int64_t deadline) const;
  /// Takes the child's end, if it has ended: the status as of waitpid(2). Throws ECHILD.
  [[nodiscard]] std::optional<int> take_status() const;
  /// pidfd_send_signal(2). Returns 0 or an errno.
  [[nodiscard]] int send(int signal) const;

 private:
  int fd_ = -1;
};

}  // namespace weft::detail

// fd_table.h: what the hooks know of a descriptor: its kind, and the flags that the program set.
//
// Layer:  hooks. Kept in FdSlot::tag, so that it ends with the number's life.
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/fd_slot.h"

namespace weft::hooks {

/// How one tries an operation on a descriptor without blocking and without changing its flags.
enum class Kind : std::uint32_t {
  kUnknown,   // not looked at yet
  kPlain,     // regular file, directory: never blocks as far as poll is concerned
  kTcp,       // MSG_DONTWAIT; a short read means drained
  kStream,    // another stream socket: MSG_DONTWAIT
  kDatagram,  // MSG_DONTWAIT; writes are whole or not at all
  kPipe,      // RWF_NOWAIT; a short read means drained
  kNowait,    // anything else that takes RWF_NOWAIT: eventfd, timerfd
  kPolled,    // poll, then the call: terminals, FIFOs on old kernels, inotify, signalfd
};

/// A slot's tag, unpacked.
class FdInfo {
 public:
  static constexpr std::uint32_t kKindMask = 15;
  /// No other number and no other process has this description, as far as we saw: so its flags are
  /// those below.
  static constexpr std::uint32_t kPrivate = 16;
  static constexpr std::uint32_t kNonblocking = 32;  // O_NONBLOCK; exact if kPrivate
  static constexpr std::uint32_t kTimeouts =
      64;  // SO_RCVTIMEO or SO_SNDTIMEO was set; exact if kPrivate

  constexpr explicit FdInfo(std::uint32_t tag) : tag_(tag) {}
  constexpr FdInfo(Kind kind, std::uint32_t flags)
      : tag_(static_cast<std::uint32_t>(kind) | flags) {}
  [[nodiscard]] constexpr Kind kind() const { return static_cast<Kind>(tag_ & kKindMask); }
  [[nodiscard]] constexpr bool has(std::uint32_t flag) const { return (tag_ & flag) != 0; }
  [[nodiscard]] constexpr std::uint32_t tag() const { return tag_; }
  [[nodiscard]] constexpr bool is_socket() const {
    return kind() == Kind::kTcp || kind() == Kind::kStream || kind() == Kind::kDatagram;
  }

 private:
  std::uint32_t tag_;
};

/// What is known, after a look at the descriptor if nothing was.
FdInfo info_of(int fd, runtime::FdSlot& slot);

/// Whether it is a regular file, a directory or a disk.
bool is_plain(int fd);

/// Looks again: what was known turned out wrong (the number changed hands unseen).
FdInfo look_again(int fd, runtime::FdSlot& slot);

/// The first descriptor of a new description: `adopt(fd, kind, flags)` after socket, pipe, accept…
/// Negative ones pass through.
int adopt(int fd, Kind kind = Kind::kUnknown, std::uint32_t flags = 0);

/// A second number for a description (dup): both lose kPrivate.
int share(int from, int to);

/// The number is about to be closed: its waiters wake with EBADF.
void forget(int fd);

/// Every description has another process behind it now (fork).
void share_all();

/// Sets or clears a flag of the slot's tag.
void set_flag(int fd, std::uint32_t flag, bool on);

}  // namespace weft::hooks

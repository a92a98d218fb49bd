// interests.h: the descriptors that one poll or select waits for.
//
// Layer:  hooks.
#pragma once
#include <signal.h>

#include <cstddef>

#include "runtime/wait_fd.h"

namespace weft::hooks {

/// A list of (descriptor, direction) that grows without malloc: a poll may run in an allocator's
/// own locks.
class Interests {
 public:
  Interests() = default;
  ~Interests();
  Interests(const Interests&) = delete;
  Interests& operator=(const Interests&) = delete;

  void add(int fd, bool reads, bool writes);
  /// Notes the edges seen so far: before each look at the kernel.
  void begin();
  /// Whether any of them, or this one, was closed since it was added. Its number may have been
  /// handed out again, so the kernel can't be asked.
  [[nodiscard]] bool was_closed() const;
  [[nodiscard]] bool was_closed(int fd) const;
  /// Parks until an edge, the deadline, or something that the fiber must act on. False if the wait
  /// was called off.
  [[nodiscard]] bool wait(runtime::Deadline deadline);

 private:
  void add_one(int fd, runtime::Direction direction);
  bool grow();

  static constexpr std::size_t kInline = 8;
  runtime::FdInterest inline_[kInline];
  runtime::FdInterest* list_ = inline_;
  std::size_t count_ = 0;
  std::size_t capacity_ = kInline;
  bool is_blind_ = false;  // a descriptor has no slot or epoll refused it: look again now and then
};

/// The signal mask of ppoll and its kind, for the time of the call.
class MaskScope {
 public:
  explicit MaskScope(const sigset_t* mask);
  ~MaskScope();
  MaskScope(const MaskScope&) = delete;
  MaskScope& operator=(const MaskScope&) = delete;

 private:
  bool is_set_;
  std::uint64_t saved_ = 0;
};

}  // namespace weft::hooks

// hub.h: epoll: the one place that waits for descriptors.
//
// Layer:  runtime.      See also: fd_slot.h, runtime/DESIGN.md ("The hub").
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/deadline.h"
#include "runtime/fd_slot.h"
#include "runtime/spin_lock.h"

struct epoll_event;

namespace weft::runtime {

class Ring;

/// One epoll instance, polled by its scheduler's idle workers. A descriptor is registered once,
/// edge-triggered and for both directions, when somebody first has to wait for it; close takes it
/// out.
///
/// Threads: ensure_registered, wake, set_alarm (but an own alarm): any. open, close, poll: the
/// scheduler's.
class Hub {
 public:
  /// What a scheduler that has one kernel thread, which calls open(), may ask for.
  struct Options {
    bool own_alarm = false;  // nobody but that thread polls, or sets an alarm
    bool ring = false;       // an io_uring beside epoll, if the kernel allows it
  };
  /// Returns 0 or an errno.
  [[nodiscard]] int open(const Options& options);
  [[nodiscard]] int open() { return open(Options{}); }
  /// `is_ours`: false in a fork's child.
  void close(bool is_ours = true);
  /// Null: it has none.
  [[nodiscard]] Ring* ring() const { return ring_; }

  /// Registers the descriptor here, once in its life. 0, or an errno: EPERM says that it cannot be
  /// polled (a regular file: always ready), EBADF that it is closed, ELOOP that it is an epoll
  /// nested too deep.
  [[nodiscard]] int ensure_registered(int fd, FdSlot& slot);

  /// The same for a number that may have been closed and handed out again unseen: a system call
  /// each time.
  [[nodiscard]] int register_anew(int fd, FdSlot& slot);

  /// Takes the descriptor out: for one whose description lives on under another number.
  void forget(int fd, FdSlot& slot);
  /// Takes it out of all hubs of the process. Threads: any.
  static void forget_everywhere(int fd, FdSlot& slot);

  /// What a poll met.
  struct Polled {
    int events = 0;       // of descriptors, and those of the next two
    bool signal = false;  // a signal handler ran meanwhile
    bool woken = false;   // wake() was called
    bool alarm = false;   // the moment of set_alarm() has come
  };
  /// Looks for events, or waits for some, and wakes the fibers that wait for them. Several threads
  /// may poll at a time: an event reaches one of them. For so many nanoseconds; -1: for ever.
  Polled poll(std::int64_t ns);

  /// Ends the poll of one thread. Async-signal-safe.
  void wake();

  /// One poll will report an alarm at that moment, or at an earlier one that is already set.
  /// Whoever gets the alarm sets the next one. A system call only if the moment is earlier than
  /// what is set; none with an own alarm.
  void set_alarm(Deadline moment);
  [[nodiscard]] bool has_alarm() const {
    return alarm_ns_.load(std::memory_order_relaxed) != Deadline::never().ns();
  }

  /// Bit of this hub in FdSlot::registered().
  [[nodiscard]] std::uint64_t bit() const { return bit_; }

  /// Whether a descriptor is one of weft's own. The program must neither see nor close it.
  static bool owns(int fd);
  /// Calls visit(fd) for each of weft's own descriptors, in ascending order.
  template <class Visit>
  static void for_each_own(Visit visit) {
    for (int fd = next_own(-1); fd >= 0; fd = next_own(fd)) {
      visit(static_cast<unsigned>(fd));
    }
  }

  struct Counters {
    std::atomic<std::uint64_t> polls{0};
    std::atomic<std::uint64_t> events{0};
    std::atomic<std::uint64_t> registrations{0};
  };
  Counters counters;

 private:
  [[nodiscard]] int add_own(int fd, std::uint64_t tag) const;
  void open_ring();
  void close_ring(bool is_ours);
  Polled poll_events(std::int64_t ns);
  Polled poll_epoll(std::int64_t ns);
  Polled poll_ring(std::int64_t ns);
  [[nodiscard]] bool keeps_time(const Options& options) const;
  [[nodiscard]] std::int64_t until_alarm(std::int64_t ns) const;
  void clear_alarm();
  static int next_own(int after);
  int epoll_ = -1;
  std::atomic<int> wake_{-1};  // read by whoever wakes, at any time
  int timer_ = -1;             // none: an own alarm, polls are limited to it
  Ring* ring_ = nullptr;
  std::uint64_t bit_ = 0;
  SpinLock alarm_lock_;
  std::atomic<std::int64_t> alarm_ns_{Deadline::never().ns()};
};

}  // namespace weft::runtime

// ring.h: io_uring: calls on sockets that the kernel carries out while their fibers wait.
//
// Layer:  runtime.      See also: hub.h, ring_call.h, runtime/DESIGN.md ("io_uring").
#pragma once
#include <liburing.h>

#include <cstddef>
#include <cstdint>

#include "runtime/transfer.h"

namespace weft::runtime {

struct Fiber;

/// An io_uring beside a hub's epoll instance, of a scheduler that has one kernel thread: only that
/// one may use it, and the kernel works for it only when it asks (DEFER_TASKRUN). What is submitted
/// goes to the kernel with the next poll, many at a time.
class Ring {
 public:
  /// One call under way: it stays where it is, as does what its transfer names, until is_done().
  class Call {
   public:
    explicit Call(Fiber* fiber) : fiber_(fiber) {}
    [[nodiscard]] bool is_done() const { return is_done_; }
    /// As of a system call: a count, or -errno.
    [[nodiscard]] long result() const { return result_; }

   private:
    friend class Ring;
    Fiber* fiber_;
    long result_ = 0;
    bool is_done_ = false;
  };

  /// Watches the epoll instance, too. 0 or an errno: EPERM or ENOSYS where io_uring is forbidden,
  /// EINVAL before Linux 6.1.
  [[nodiscard]] int open(int epoll);
  /// The kernel touches nothing any more that calls have named; their fibers are not unparked.
  /// `is_ours`: false in a fork's child, whose parent goes on with it.
  void close(bool is_ours);
  [[nodiscard]] int fd() const { return ring_.ring_fd; }
  /// Its descriptor has another number by now.
  void move_to(int fd) { ring_.ring_fd = ring_.enter_ring_fd = fd; }

  /// Has the kernel carry it out, or the first 2 GiB of it; the call's fiber is unparked when it is
  /// done. False: not now.
  [[nodiscard]] bool submit(Call& call, const Transfer& transfer);
  /// Ends it early. It is done when it says so, with ECANCELED unless it was quicker.
  void cancel(Call& call);
  /// Whether any call is under way: else nobody has to poll.
  [[nodiscard]] bool is_busy() const { return calls_ != 0; }

  struct Counters {
    std::uint64_t calls = 0;         // that were submitted
    std::uint64_t system_calls = 0;  // that it took
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

  /// What a poll met.
  struct Polled {
    int calls = 0;             // that are done
    bool descriptors = false;  // the epoll instance has events
    bool signal = false;       // a signal handler ran meanwhile
  };
  /// Hands over what was submitted and looks for what is done, or waits for some: for so many
  /// nanoseconds; -1: for ever.
  Polled poll(std::int64_t ns);

 private:
  io_uring_sqe* entry();
  template <class Enter>
  int checked(Enter enter);
  template <class Take>
  unsigned reap(Take take_one);
  Call* take(const io_uring_cqe& completion);
  bool watch_epoll();
  int enter(std::int64_t ns);
  void end_calls();

  io_uring ring_ = {};
  Counters counters_;
  std::size_t calls_ = 0;
  int epoll_ = -1;
  bool is_watching_ = false;
};

}  // namespace weft::runtime

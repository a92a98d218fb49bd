#include "runtime/ring.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "runtime/check.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr unsigned kSubmissions = 256;  // more are handed over at once
constexpr unsigned kCompletions = 4096;
constexpr std::size_t kLongest = 0x7fff'f000;  // read(2): more is never transferred at once

// What an entry of the completion queue is about, if not a Call at that address.
constexpr std::uint64_t kNothing = 0;
constexpr std::uint64_t kEpoll = 1;

}  // namespace

int Ring::open(int epoll) {
  io_uring_params asked = {};
  asked.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  asked.cq_entries = kCompletions;
  const int result = io_uring_queue_init_params(kSubmissions, &ring_, &asked);
  if (result < 0) {
    return -result;
  }
  epoll_ = epoll;
  calls_ = 0;
  is_watching_ = false;
  return 0;
}

void Ring::close(bool is_ours) {
  if (is_ours && calls_ != 0) {
    end_calls();
  }
  io_uring_queue_exit(&ring_);
}

// The kernel hears of what was submitted and not handed over yet before it hears that all is off.
void Ring::end_calls() {
  io_uring_sqe* const made = entry();
  WEFT_CHECK(made != nullptr, "the kernel takes what is handed over to an io_uring");
  io_uring_prep_cancel64(made, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  io_uring_sqe_set_data64(made, kNothing);
  while (calls_ != 0) {
    checked([this] { return io_uring_submit_and_wait(&ring_, 1); });
    reap([this](const io_uring_cqe& completion) { take(completion); });
  }
}

// A system call: what it returned, unless it will never work again.
template <class Enter>
int Ring::checked(Enter enter) {
  ++counters_.system_calls;
  const int result = enter();
  WEFT_CHECK(result >= 0 || result == -EINTR || result == -ETIME || result == -EAGAIN ||
                 result == -EBUSY || result == -ENOMEM,
             "the hub's io_uring works: was it closed, or forbidden by a filter (seccomp)?");
  return result;
}

template <class Take>
unsigned Ring::reap(Take take_one) {
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    take_one(*completion);
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
  return count;
}

// Null: the kernel takes no more for now.
io_uring_sqe* Ring::entry() {
  io_uring_sqe* found = io_uring_get_sqe(&ring_);
  if (found == nullptr) {
    checked([this] { return io_uring_submit(&ring_); });
    found = io_uring_get_sqe(&ring_);
  }
  return found;
}

bool Ring::submit(Call& call, const Transfer& transfer) {
  io_uring_sqe* const made = entry();
  if (made == nullptr) {
    return false;
  }
  const std::size_t size = std::min(transfer.size, kLongest);
  if (transfer.direction == Direction::kRead) {
    io_uring_prep_recv(made, transfer.fd, transfer.bytes, size, transfer.flags);
  } else {
    io_uring_prep_send(made, transfer.fd, transfer.bytes, size, transfer.flags);
  }
  io_uring_sqe_set_data(made, &call);
  ++calls_;
  ++counters_.calls;
  return true;
}

void Ring::cancel(Call& call) {
  io_uring_sqe* const made = entry();
  WEFT_CHECK(made != nullptr, "the kernel takes what is handed over to an io_uring");
  io_uring_prep_cancel(made, &call, 0);
  io_uring_sqe_set_data64(made, kNothing);
}

// For every event of the epoll instance that comes from now on, and for those that are there.
bool Ring::watch_epoll() {
  io_uring_sqe* const made = entry();
  if (made == nullptr) {
    return false;
  }
  io_uring_prep_poll_multishot(made, epoll_, POLLIN);
  io_uring_sqe_set_data64(made, kEpoll);
  return true;
}

// How many it has handed over, or -errno.
int Ring::enter(std::int64_t ns) {
  if (ns < 0) {
    return checked([this] { return io_uring_submit_and_wait(&ring_, 1); });
  }
  if (ns > 0) {
    __kernel_timespec limit = {ns / Deadline::kSecond, ns % Deadline::kSecond};
    io_uring_cqe* first = nullptr;
    return checked(
        [&] { return io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr); });
  }
  // The kernel says in shared memory whether it has anything to do for us.
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  const bool has_work = (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  if (!has_work && io_uring_sq_ready(&ring_) == 0) {
    return 0;
  }
  return checked([this] { return io_uring_submit_and_get_events(&ring_); });
}

// The call that is done, or null.
Ring::Call* Ring::take(const io_uring_cqe& completion) {
  if (completion.user_data == kNothing || completion.user_data == kEpoll) {
    return nullptr;
  }
  auto* const call = static_cast<Call*>(io_uring_cqe_get_data(&completion));
  call->result_ = completion.res;
  call->is_done_ = true;
  --calls_;
  return call;
}

Ring::Polled Ring::poll(std::int64_t ns) {
  is_watching_ = is_watching_ || watch_epoll();
  Polled polled;
  const std::int64_t limit = ns > 0 ? clock_ns(CLOCK_MONOTONIC) + ns : 0;
  const int entered = enter(ns);
  const unsigned reaped = reap([&](const io_uring_cqe& completion) {
    if (Call* const call = take(completion)) {
      ++polled.calls;
      unpark(call->fiber_);
    } else if (completion.user_data == kEpoll) {
      polled.descriptors = true;
      is_watching_ = (completion.flags & IORING_CQE_F_MORE) != 0;
    }
  });
  // A wait that handed something over says how much, and not whether a signal or the limit ended
  // it.
  const bool ended_for_nothing = entered > 0 && ns != 0 && reaped == 0;
  polled.signal =
      entered == -EINTR || (ended_for_nothing && (ns < 0 || clock_ns(CLOCK_MONOTONIC) < limit));
  return polled;
}

}  // namespace weft::runtime

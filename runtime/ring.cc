#include "runtime/ring.h"

#include <poll.h>

#include <cerrno>

#include "runtime/check.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr unsigned kSubmissions = 256;  // more are handed over at once
constexpr unsigned kCompletions = 4096;

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
    io_uring_sync_cancel_reg every = {};
    every.fd = -1;
    every.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
    every.timeout = {-1, -1};  // none
    io_uring_register_sync_cancel(&ring_, &every);
  }
  io_uring_queue_exit(&ring_);
}

template <class Enter>
int Ring::counted(Enter enter) {
  ++counters_.system_calls;
  return enter();
}

// Null: the kernel takes no more for now.
io_uring_sqe* Ring::entry() {
  io_uring_sqe* found = io_uring_get_sqe(&ring_);
  if (found == nullptr) {
    counted([this] { return io_uring_submit(&ring_); });
    found = io_uring_get_sqe(&ring_);
  }
  return found;
}

bool Ring::submit(Call& call, const Transfer& transfer) {
  io_uring_sqe* const made = entry();
  if (made == nullptr) {
    return false;
  }
  if (transfer.direction == Direction::kRead) {
    io_uring_prep_recv(made, transfer.fd, transfer.bytes, transfer.size, transfer.flags);
  } else {
    io_uring_prep_send(made, transfer.fd, transfer.bytes, transfer.size, transfer.flags);
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

// 0 or -errno.
int Ring::enter(int milliseconds) {
  if (milliseconds < 0) {
    return counted([this] { return io_uring_submit_and_wait(&ring_, 1); });
  }
  if (milliseconds > 0) {
    __kernel_timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1'000'000LL};
    io_uring_cqe* first = nullptr;
    return counted(
        [&] { return io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr); });
  }
  // The kernel says in shared memory whether it has anything to do for us.
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  const bool has_work = (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  if (!has_work && io_uring_sq_ready(&ring_) == 0) {
    return 0;
  }
  return counted([this] { return io_uring_submit_and_get_events(&ring_); });
}

void Ring::finish(const io_uring_cqe& completion, Polled& polled) {
  switch (completion.user_data) {
    case kNothing:
      return;
    case kEpoll:
      polled.descriptors = true;
      is_watching_ = (completion.flags & IORING_CQE_F_MORE) != 0;
      return;
    default: {
      auto& call = *static_cast<Call*>(io_uring_cqe_get_data(&completion));
      call.result_ = completion.res;
      call.is_done_ = true;
      --calls_;
      ++polled.calls;
      unpark(call.fiber_);
    }
  }
}

Ring::Polled Ring::poll(int milliseconds) {
  is_watching_ = is_watching_ || watch_epoll();
  Polled polled;
  polled.signal = enter(milliseconds) == -EINTR;
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    finish(*completion, polled);
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
  return polled;
}

}  // namespace weft::runtime

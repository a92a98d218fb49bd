// message_queue.cc: POSIX message queues, as a table. On Linux a queue's descriptor can be waited
// for like any other's, though fstat(2) takes it for a regular file's.
#include <mqueue.h>
#include <stdarg.h>

#include <cerrno>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "hooks/real.h"
#include "hooks/time_point.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// There is no flag that says not to wait; a bound that has passed does. Then ETIMEDOUT is "would
// have to wait", and EAGAIN comes only from a queue that the program has made non-blocking.
constexpr timespec kNow = {};

// 0: look again; else the errno that the call fails with.
int park(mqd_t queue, Direction direction, std::uint32_t seen, Deadline deadline) {
  const int ended =
      runtime::wait_for(queue, *runtime::fd_slot(queue), direction, seen,
                        {.deadline = deadline, .interruptible = true, .cancellable = true});
  return is_interrupted(act_on_calls(), false) ? EINTR : ended == EINTR ? 0 : ended;
}

template <class Try, class Next>
auto pass_message(mqd_t queue, Direction direction, const timespec* until, Try attempt_once,
                  Next next) -> decltype(next()) {
  const TimePoint end(CLOCK_REALTIME, until);
  runtime::FdSlot* const slot = runtime::fd_slot(queue);
  if (slot == nullptr || !end.is_valid() || cooperative(Group::kIpc) == nullptr) {
    return next();
  }
  test_cancel();
  for (;;) {
    const std::uint32_t seen = slot->edges(direction);
    const long result = attempt_once();
    if (result != -ETIMEDOUT || end.deadline().passed()) {
      slot->pass_on(direction);
      return static_cast<decltype(next())>(to_libc(result));
    }
    const int error = park(queue, direction, seen, end.deadline());
    if (error == EINTR || error == EBADF || error == ECANCELED) {
      return static_cast<decltype(next())>(to_libc(-error));
    }
    if (error != 0 && error != ETIMEDOUT) {
      return block(next);  // epoll is out of memory or watches
    }
  }
}

int send_until(mqd_t queue, const char* p, std::size_t n, unsigned priority,
               const timespec* until) {
  return pass_message(
      queue, Direction::kWrite, until,
      [=] { return sys::call(SYS_mq_timedsend, queue, p, n, priority, &kNow); },
      [=] { return real::mq_timedsend(queue, p, n, priority, until); });
}

ssize_t receive_until(mqd_t queue, char* p, std::size_t n, unsigned* priority,
                      const timespec* until) {
  return pass_message(
      queue, Direction::kRead, until,
      [=] { return sys::call(SYS_mq_timedreceive, queue, p, n, priority, &kNow); },
      [=] { return real::mq_timedreceive(queue, p, n, priority, until); });
}

int end(mqd_t queue) {
  forget(queue);
  return real::mq_close(queue);
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                           how
int     mq_send        (mqd_t q, const char* p, size_t n, unsigned prio)                      { return send_until(q, p, n, prio, nullptr); }
int     mq_timedsend   (mqd_t q, const char* p, size_t n, unsigned prio, const timespec* t)   { return send_until(q, p, n, prio, t); }
ssize_t mq_receive     (mqd_t q, char* p, size_t n, unsigned* prio)                           { return receive_until(q, p, n, prio, nullptr); }
ssize_t mq_timedreceive(mqd_t q, char* p, size_t n, unsigned* prio, const timespec* t)        { return receive_until(q, p, n, prio, t); }
int     mq_close       (mqd_t q)                                                              { return end(q); }
mqd_t   __mq_open_2    (const char* name, int f)                                              { return adopt(real::mq_open_checked(name, f), Kind::kPlain); }

mqd_t mq_open(const char* name, int f, ...) {
  va_list list;
  va_start(list, f);
  const auto mode = va_arg(list, mode_t);  // present or not
  auto* const attributes = va_arg(list, mq_attr*);
  va_end(list);
  return adopt(real::mq_open(name, f, mode, attributes), Kind::kPlain);
}
}
// clang-format on

}  // namespace weft::hooks

// weft/joinable_queue.h: a queue that knows when all that was put into it has been worked on.
//
// Layer:  runtime, public.      See also: weft/queue.h.
#pragma once
#include <weft/basic_queue.h>
#include <weft/detail/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft {

/// First in, first out; who has taken an item says so when the work on it is done.
///
/// Units, Errors, Threads, Promise: as BasicQueue.
/// Source:   gevent.queue.JoinableQueue; queue.Queue.
///
///     weft::JoinableQueue<Job> jobs;
///     weft::spawn([&] { for (Job& job : jobs) { work(job); jobs.task_done(); } });
///     jobs.put(job);
///     jobs.join();
template <class T>
class JoinableQueue : public BasicQueue<T, detail::FifoOrder<T>> {
 public:
  using BasicQueue<T, detail::FifoOrder<T>>::BasicQueue;

  /// Says that the work on an item that was taken is done.
  ///
  /// Errors:   std::logic_error if that has been said of all items.
  void task_done() { this->exchange().task_done(); }

  /// Waits until task_done() has been called for all that was put, or it was dropped by an
  /// immediate shutdown.
  void join() { join_by(detail::kNever); }
  /// As join(), for at most `timeout`. False if some are not done by then.
  template <class Rep, class Period>
  bool join_for(const std::chrono::duration<Rep, Period>& timeout) {
    return join_by(detail::deadline_after(timeout));
  }
  /// As join_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool join_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return join_by(detail::deadline_at(moment));
  }

  /// How many items were put and are not done.
  [[nodiscard]] std::size_t unfinished_tasks() const { return this->exchange().unfinished(); }

 private:
  bool join_by(std::int64_t deadline) {
    return detail::transact({&this->exchange(), detail::Offer::Kind::kJoin}, deadline,
                            "weft::JoinableQueue::join")
               .offer != nullptr;
  }
};

}  // namespace weft

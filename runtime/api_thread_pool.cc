#include <linux/prctl.h>
#include <weft/detail/shielded.h>
#include <weft/queue.h>
#include <weft/thread_pool.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "runtime/api_error.h"
#include "runtime/api_wait.h"
#include "runtime/os.h"
#include "runtime/parking_lot.h"
#include "runtime/settings.h"
#include "runtime/spin_lock.h"
#include "runtime/sys.h"

// A call is counted in `queued` before it is in the queue, and no longer when a thread has it. A
// thread ends only if it has found the queue empty for long and `queued` is 0, under the lock; who
// submits looks under the same lock, once the call is in the queue, for a thread that is idle. So
// either the thread finds the call, or who submits finds no thread and starts one.

namespace weft {

namespace lot = runtime::lot;
using detail::ThreadJob;
using runtime::SpinGuard;

struct ThreadPool::State {
  explicit State(ThreadPoolOptions given) : options(std::move(given)) {}

  const ThreadPoolOptions options;
  SimpleQueue<std::unique_ptr<ThreadJob>> jobs;
  runtime::SpinLock lock;
  // Guarded by lock.
  std::size_t queued = 0;
  std::size_t busy = 0;
  std::size_t started = 0;
  std::atomic<std::size_t> threads{0};  // who waits for the end sleeps on it

  /// Whether another thread is needed: then it counts already.
  bool needs_thread() {
    const SpinGuard hold(lock);
    const bool is_needed = queued > threads - busy && threads < options.max;
    threads += is_needed ? 1 : 0;
    return is_needed;
  }
  /// If so the thread does not count any more.
  bool may_end(bool is_shut_down) {
    const SpinGuard hold(lock);
    const bool may = queued == 0 || is_shut_down;
    threads -= may ? 1 : 0;
    return may;
  }
  void add_queued(int count) {
    const SpinGuard hold(lock);
    queued += static_cast<std::size_t>(count);
  }
  void begin_job() {
    const SpinGuard hold(lock);
    --queued;
    ++busy;
  }
  void end_job() {
    const SpinGuard hold(lock);
    --busy;
  }

  std::exception_ptr begin_thread();
  void work(const std::exception_ptr& error);
  void thread_failed();
};

// None could be had. If there is no other either, nobody would ever do what there is to do.
void ThreadPool::State::thread_failed() {
  bool is_last = false;
  {
    const SpinGuard hold(lock);
    is_last = --threads == 0;
  }
  lot::unpark(&threads, lot::kAll);
  if (!is_last) {
    return;
  }
  const auto error = std::make_exception_ptr(std::system_error(
      EAGAIN, std::generic_category(), "weft::ThreadPool: no kernel thread for it"));
  while (std::optional<std::unique_ptr<ThreadJob>> job = jobs.try_get()) {
    begin_job();
    (*job)->fail(error);
    end_job();
  }
}

// What the initializer has thrown.
std::exception_ptr ThreadPool::State::begin_thread() {
  std::size_t number = 0;
  {
    const SpinGuard hold(lock);
    number = ++started;
  }
  char name[16];  // what the kernel keeps
  std::snprintf(name, sizeof name, "%.10s-%zu", options.name.c_str(), number);
  runtime::sys::call(SYS_prctl, PR_SET_NAME, name);
  try {
    if (options.initializer != nullptr) {
      options.initializer();
    }
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

// Until there is nothing to do for long, or ever: this thread does not count any more then.
void ThreadPool::State::work(const std::exception_ptr& error) {
  for (;;) {
    std::optional<std::unique_ptr<ThreadJob>> job;
    bool is_shut_down = false;
    try {
      job = jobs.get_for(options.idle_timeout);
    } catch (const QueueShutdown&) {
      is_shut_down = true;
    }
    if (job.has_value()) {
      begin_job();
      if (error != nullptr) {
        (*job)->fail(error);
      } else {
        (*job)->run();
      }
      job.reset();
      end_job();
    } else if (may_end(is_shut_down)) {
      return;
    }
  }
}

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : state_(std::make_shared<State>(std::move(options))) {
  if (state_->options.max == 0) {
    detail::throw_errno(EINVAL, "weft::ThreadPool: a pool of no threads");
  }
}

ThreadPool::~ThreadPool() {
  const detail::Shielded shielded;
  shutdown();
}

void* ThreadPool::thread_main(void* state) {
  const std::unique_ptr<std::shared_ptr<State>> owned(static_cast<std::shared_ptr<State>*>(state));
  State& pool = **owned;
  pool.work(pool.begin_thread());
  lot::unpark(&pool.threads, lot::kAll);
  return nullptr;
}

void ThreadPool::enqueue(std::unique_ptr<ThreadJob> job) {
  auto argument = std::make_unique<std::shared_ptr<State>>(state_);
  state_->add_queued(1);
  try {
    state_->jobs.put(std::move(job));
  } catch (const QueueShutdown&) {
    state_->add_queued(-1);
    throw std::runtime_error("weft::ThreadPool: it has been shut down");
  } catch (...) {
    state_->add_queued(-1);
    throw;
  }
  if (state_->needs_thread()) {
    if (runtime::os::start_thread(thread_main, argument.get())) {
      static_cast<void>(argument.release());  // the thread's
    } else {
      state_->thread_failed();
    }
  }
}

void ThreadPool::shutdown(bool wait, bool cancel_pending) {
  state_->jobs.shutdown(cancel_pending);
  if (wait) {
    detail::wait_until_over(
        &state_->threads, [this] { return size() == 0; }, detail::kNever,
        "weft::ThreadPool::shutdown");
  }
}

std::size_t ThreadPool::size() const { return state_->threads.load(std::memory_order_acquire); }
std::size_t ThreadPool::max() const { return state_->options.max; }

ThreadPool& default_thread_pool() {
  struct Made {
    Made(long its_process, const runtime::Settings& chosen)
        : process(its_process),
          pool(static_cast<std::size_t>(chosen.pool_size),
               std::chrono::nanoseconds(chosen.pool_idle_ns)) {}
    const long process;  // a fork's child has none of the threads
    ThreadPool pool;
  };
  static constinit std::atomic<Made*> made{nullptr};
  const long process = runtime::sys::call(SYS_getpid);
  Made* now = made.load(std::memory_order_acquire);
  if (now == nullptr || now->process != process) {
    auto fresh = std::make_unique<Made>(process, runtime::settle_pool_settings());
    if (made.compare_exchange_strong(now, fresh.get(), std::memory_order_acq_rel)) {
      now = fresh.release();  // for good: calls may be made until the process ends
    }
  }
  return now->pool;
}

}  // namespace weft

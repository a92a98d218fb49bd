// handoff.cc: who holds the scheduler's queues, and the spare workers.
#include <new>

#include "runtime/check.h"
#include "runtime/helper_thread.h"
#include "runtime/os.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/switch_watch.h"

namespace weft::runtime {

// A spare becomes the holder of what choose() says under the hand-off lock; null: of nothing after
// all. The order matters: a queue is taken only when there is somebody to give it to.
template <class Choose>
void Scheduler::give_to_spare(Choose choose) {
  Worker* const spare = take_spare();
  if (spare == nullptr) {
    return;
  }
  RunQueue* queue = nullptr;
  {
    const SpinGuard hold(hand_off_lock_);
    queue = choose();
    if (queue != nullptr) {
      queue->holder.store(spare, std::memory_order_release);
    }
  }
  if (queue != nullptr) {
    spare->give_queue(queue);
  } else {
    add_spare(spare);
  }
}

void Scheduler::hand_off(RunQueue& queue, const Worker* stuck) {
  give_to_spare([&]() -> RunQueue* {
    Worker* const holder = queue.holder.load(std::memory_order_relaxed);
    return holder == stuck && holder->detach() ? &queue : nullptr;  // null: it has moved on
  });
}

void Scheduler::hand_off_own() {
  Worker* const worker = running.worker;
  RunQueue* const own = worker->queue.load(std::memory_order_relaxed);
  if (has_migration() && !is_alone() && own != nullptr &&
      worker->mode.load(std::memory_order_relaxed) == WorkerMode::kUser) {
    switch_watch::stands_aside(*runtime::current());
    hand_off(*own, worker);
  }
}

void Scheduler::pin_current(bool for_good) {
  Fiber* const self = runtime::current();
  Worker* const worker = running.worker;
  if (!has_migration() || (is_alone() && holders() == 1 && self->pinned == nullptr)) {
    return;
  }
  RunQueue* const own = worker->queue.load(std::memory_order_relaxed);
  if (own != nullptr && worker->mode.load(std::memory_order_relaxed) == WorkerMode::kUser) {
    hand_off(*own, worker);
  }
  if (self->pinned != nullptr ||
      worker->mode.load(std::memory_order_relaxed) == WorkerMode::kDetached) {
    worker->pin(self, for_good);
  }
}

void Scheduler::unpin_current() {
  Fiber* const self = runtime::current();
  if (self->pinned != nullptr) {
    self->pinned->unpin_running(self);
  }
}

bool Scheduler::needs_holder() const {
  const int count = holders();
  return count < workers_ && count < live_fibers() && idle_.sleeping() == 0;
}

void Scheduler::add_holder() {
  give_to_spare([this]() -> RunQueue* {
    const int count = holders_.load(std::memory_order_relaxed);
    if (count == workers_) {
      return nullptr;
    }
    holders_.store(count + 1, std::memory_order_release);
    return queues_ + count;
  });
}

void Scheduler::end_spares() {
  const SpinGuard hold(spares_lock_);
  for (Worker* next = nullptr; spares_ != nullptr; spares_ = next) {
    next = spares_->next;
    spares_->give_queue(nullptr);
  }
}

Worker* Scheduler::take_spare() {
  {
    const SpinGuard hold(spares_lock_);
    if (Worker* const spare = spares_) {
      spares_ = spare->next;
      return spare;
    }
  }
  return make_worker();
}

void Scheduler::add_spare(Worker* worker) {
  const SpinGuard hold(spares_lock_);
  if (is_ending()) {
    worker->give_queue(nullptr);
    return;
  }
  worker->next = spares_;
  spares_ = worker;
}

bool Scheduler::remove_spare(Worker* worker) {
  const SpinGuard hold(spares_lock_);
  for (Worker** link = &spares_; *link != nullptr; link = &(*link)->next) {
    if (*link == worker) {
      *link = worker->next;
      return true;
    }
  }
  return false;
}

Worker* Scheduler::make_worker() {
  static constinit std::atomic<bool> reported{false};
  if (kernel_threads_.load() >= settings().max_threads) {
    if (!reported.exchange(true)) {
      print_line(
          "weft: as many kernel threads are stuck in blocking calls as WEFT_MAX_THREADS allows; ",
          "fibers wait until one of them returns");
    }
    return nullptr;
  }
  Worker* worker = nullptr;
  {
    const SpinGuard hold(spares_lock_);
    worker = ended_;
    ended_ = ended_ == nullptr ? nullptr : ended_->next;
  }
  if (worker != nullptr) {
    worker->renew();
  } else {
    void* const memory = os::map(sizeof(Worker));
    if (memory == nullptr) {
      return nullptr;
    }
    worker = new (memory) Worker(this);
  }
  kernel_threads_.fetch_add(1);
  if (!start_helper_thread(kernel_thread_main, worker)) {
    kernel_threads_.fetch_sub(1);
    keep_ended(worker);
    return nullptr;
  }
  return worker;
}

void* Scheduler::kernel_thread_main(void* argument) {
  auto* const worker = static_cast<Worker*>(argument);
  Scheduler* const scheduler = worker->scheduler;
  worker->run_kernel_thread();
  helper_thread_ends();
  scheduler->keep_ended(worker);
  std::atomic<int>& count = scheduler->kernel_threads_;
  if (count.fetch_sub(1) == 1) {
    lot::unpark(&count, lot::kAll);
  }
  return nullptr;
}

void Scheduler::keep_ended(Worker* worker) {
  const SpinGuard hold(spares_lock_);
  worker->next = ended_;
  ended_ = worker;
}

}  // namespace weft::runtime

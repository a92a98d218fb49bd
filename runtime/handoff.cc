// handoff.cc: the scheduler's spare workers.
#include <new>

#include "runtime/check.h"
#include "runtime/os.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/tcb.h"

namespace weft::runtime {

// The order matters: the queue is taken only when there is somebody to give it to.
void Scheduler::hand_off(Worker* stuck) {
  Worker* const spare = take_spare();
  if (spare == nullptr) {
    return;
  }
  RunQueue* const queue = stuck->take_queue();
  if (queue == nullptr) {  // it has moved on in the meantime
    add_spare(spare);
    return;
  }
  holder_.store(spare, std::memory_order_release);
  spare->give_queue(queue);
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
  void* memory = nullptr;
  {
    const SpinGuard hold(spares_lock_);
    memory = ended_;
    ended_ = ended_ == nullptr ? nullptr : ended_->next;
  }
  if (memory == nullptr) {
    memory = os::map(sizeof(Worker));
  }
  if (memory == nullptr) {
    return nullptr;
  }
  auto* const worker = new (memory) Worker(this);
  kernel_threads_.fetch_add(1);
  if (!os::start_thread(kernel_thread_main, worker)) {
    kernel_threads_.fetch_sub(1);
    keep_ended(worker);
    return nullptr;
  }
  tcb::count_threads(-1);
  return worker;
}

void* Scheduler::kernel_thread_main(void* argument) {
  auto* const worker = static_cast<Worker*>(argument);
  Scheduler* const scheduler = worker->scheduler;
  worker->run_kernel_thread();
  tcb::count_threads(1);
  scheduler->kernel_threads_.fetch_sub(1);
  scheduler->keep_ended(worker);
  return nullptr;
}

void Scheduler::keep_ended(Worker* worker) {
  const SpinGuard hold(spares_lock_);
  worker->next = ended_;
  ended_ = worker;
}

}  // namespace weft::runtime

#include "runtime/monitor.h"

#include <signal.h>
#include <sys/prctl.h>

#include "runtime/check.h"
#include "runtime/os.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

constexpr int kIdleLooksBeforeSleep = 3;
constexpr std::size_t kKernelMaskBytes = 8;

}  // namespace

void Monitor::start() {
  if (started_.load(std::memory_order_acquire) || started_.exchange(true)) {
    return;
  }
  if (os::start_thread(thread_main, this)) {
    tcb::count_threads(-1);
  } else {
    print_line(
        "weft: no kernel thread for the monitor: a fiber that blocks outside of weft stops the "
        "others");
  }
}

void* Monitor::thread_main(void* self) {
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &os::kProgramSignals, nullptr, kKernelMaskBytes);
  sys::call(SYS_prctl, PR_SET_NAME, "weft-monitor");
  static_cast<Monitor*>(self)->loop();
  return nullptr;
}

void Monitor::loop() {
  for (;;) {
    const timespec slice = Deadline::at(settings().slice_ns).to_timespec();
    sys::call(SYS_nanosleep, &slice, nullptr);
    look();
    if (idle_looks_ >= kIdleLooksBeforeSleep) {
      sleep_while_idle();
    }
  }
}

// Stuck: in user mode now and at the last look, without a pick in between.
void Monitor::look() {
  RunQueue& queue = scheduler_.queue();
  Worker* const holder = scheduler_.holder();
  const std::uint64_t picks = queue.picks();
  const bool is_user = holder->mode.load(std::memory_order_acquire) == WorkerMode::kUser;
  idle_looks_ = queue.is_asleep() && picks == picks_seen_ ? idle_looks_ + 1 : 0;
  if (is_user && was_user_ && picks == picks_seen_ && !scheduler_.is_alone()) {
    scheduler_.hand_off(holder);
  }
  was_user_ = is_user;
  picks_seen_ = picks;
}

// asleep_ is stored before the last look at the queue, and whoever finds work looks at it behind
// that: one of them sees the other.
void Monitor::sleep_while_idle() {
  asleep_.store(1, std::memory_order_seq_cst);
  if (scheduler_.queue().is_asleep()) {
    sys::futex_wait(reinterpret_cast<const std::uint32_t*>(&asleep_), 1, nullptr);
  }
  asleep_.store(0, std::memory_order_relaxed);
  idle_looks_ = 0;
  was_user_ = false;
}

void Monitor::wake_up() {
  if (asleep_.exchange(0) != 0) {
    sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&asleep_), 1);
  }
}

void Monitor::after_fork_in_child() {
  started_ = false;
  asleep_ = 0;
}

}  // namespace weft::runtime

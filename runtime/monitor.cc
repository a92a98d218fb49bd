#include "runtime/monitor.h"

#include <signal.h>
#include <sys/prctl.h>

#include "runtime/check.h"
#include "runtime/os.h"
#include "runtime/parking_lot.h"
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
  State none = State::kNone;
  if (state_.load(std::memory_order_acquire) != State::kNone ||
      !state_.compare_exchange_strong(none, State::kRuns)) {
    return;
  }
  if (os::start_thread(thread_main, this)) {
    tcb::count_threads(-1);
  } else {
    state_ = State::kHasEnded;
    print_line(
        "weft: no kernel thread for the monitor: a fiber that blocks outside of weft stops the "
        "others");
  }
}

void Monitor::stop() {
  State runs = State::kRuns;
  if (!state_.compare_exchange_strong(runs, State::kStops)) {
    return;
  }
  sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&state_), 1);
  wake_up();
  const auto has_not_ended = [this] { return state_.load() != State::kHasEnded; };
  while (has_not_ended()) {
    lot::park(&state_, has_not_ended);
  }
}

void* Monitor::thread_main(void* self) {
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &os::kProgramSignals, nullptr, kKernelMaskBytes);
  sys::call(SYS_prctl, PR_SET_NAME, "weft-monitor");
  auto* const monitor = static_cast<Monitor*>(self);
  monitor->loop();
  tcb::count_threads(1);
  monitor->state_ = State::kHasEnded;
  lot::unpark(&monitor->state_, lot::kAll);
  return nullptr;
}

void Monitor::loop() {
  Seen seen[Scheduler::kMostWorkers] = {};
  while (pause()) {
    look(seen);
    if (idle_looks_ >= kIdleLooksBeforeSleep) {
      sleep_while_idle();
    }
  }
}

// For a slice. False if the monitor shall end.
bool Monitor::pause() {
  const timespec until =
      Deadline::after(std::chrono::nanoseconds(settings().slice_ns)).to_timespec();
  constexpr auto kRuns = static_cast<std::uint32_t>(State::kRuns);
  sys::futex_wait(reinterpret_cast<const std::uint32_t*>(&state_), kRuns, &until);
  return state_.load() == State::kRuns;
}

// Stuck: in user mode now and at the last look, without a pick in between.
void Monitor::look(Seen* seen) {
  const std::uint64_t picks = scheduler_.picks();
  idle_looks_ = scheduler_.is_idle() && picks == picks_seen_ ? idle_looks_ + 1 : 0;
  picks_seen_ = picks;
  for (int i = 0; i < scheduler_.holders(); ++i) {
    RunQueue& queue = scheduler_.queue(i);
    const Worker* const holder = queue.holder.load(std::memory_order_acquire);
    const Seen now = {holder, queue.picks(),
                      holder->mode.load(std::memory_order_acquire) == WorkerMode::kUser};
    const bool is_stuck = now.was_user && seen[i].was_user && now.holder == seen[i].holder &&
                          now.picks == seen[i].picks;
    seen[i] = now;
    if (is_stuck && !scheduler_.is_alone()) {
      relieve(queue, holder);
    }
  }
}

// An idle worker steals what is ready and gets the events; it may need to be told. If there is
// none, nobody may be left to do either.
void Monitor::relieve(RunQueue& queue, const Worker* stuck) {
  IdleWorkers& idle = scheduler_.idle();
  if (idle.sleeping() > 0) {
    if (scheduler_.has_ready()) {
      idle.wake_one();
    }
  } else if (idle.napping() == 0) {
    scheduler_.hand_off(queue, stuck);
  }
}

// asleep_ is stored before the last look at the workers, and whoever finds work looks at it behind
// that: one of them sees the other.
void Monitor::sleep_while_idle() {
  asleep_.store(1, std::memory_order_seq_cst);
  if (scheduler_.is_idle() && state_.load() == State::kRuns) {
    sys::futex_wait(reinterpret_cast<const std::uint32_t*>(&asleep_), 1, nullptr);
  }
  asleep_.store(0, std::memory_order_relaxed);
  idle_looks_ = 0;
}

void Monitor::wake_up() {
  if (asleep_.exchange(0) != 0) {
    sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&asleep_), 1);
  }
}

void Monitor::after_fork_in_child() {
  state_ = State::kNone;
  asleep_ = 0;
}

}  // namespace weft::runtime

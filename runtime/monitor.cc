#include "runtime/monitor.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runtime/check.h"
#include "runtime/helper_thread.h"
#include "runtime/os.h"
#include "runtime/parking_lot.h"
#include "runtime/report.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/spin_lock.h"
#include "runtime/stuck_report.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr int kIdleLooksBeforeSleep = 3;

}  // namespace

void Monitor::start() {
  State none = State::kNone;
  if (state_.load(std::memory_order_acquire) != State::kNone ||
      !state_.compare_exchange_strong(none, State::kRuns)) {
    return;
  }
  if (!start_helper_thread(thread_main, this)) {
    state_ = State::kHasEnded;
    print_line(
        "weft: no kernel thread for the monitor: a fiber that blocks outside of weft stops the "
        "others");
  }
}

// False if there is none.
bool Monitor::begin_stop() {
  State runs = State::kRuns;
  if (!state_.compare_exchange_strong(runs, State::kStops)) {
    return false;
  }
  call();
  return true;
}

void Monitor::stop() {
  if (begin_stop()) {
    lot::park_while(&state_, [this] { return state_.load() != State::kHasEnded; });
  }
}

// It takes a look's time.
void Monitor::stop_here() {
  if (begin_stop()) {
    yield_cpu_until([this] { return state_.load() == State::kHasEnded; });
  }
}

bool Monitor::report_and_quit() {
  if (state_.load() != State::kRuns) {
    return false;
  }
  shall_quit_ = true;
  call();
  return true;
}

void* Monitor::thread_main(void* self) {
  sys::set_signal_mask(os::kProgramSignals);
  sys::call(SYS_prctl, PR_SET_NAME, kMonitorName);
  auto* const monitor = static_cast<Monitor*>(self);
  monitor->kernel_tid_ = static_cast<pid_t>(sys::call(SYS_gettid));
  monitor->loop();
  helper_thread_ends();
  monitor->state_ = State::kHasEnded;
  lot::unpark(&monitor->state_, lot::kAll);
  return nullptr;
}

// The monitor has SIGURG blocked, so what is sent to its kernel thread stays pending until wait()
// takes it, whatever the program does about SIGURG. kernel_tid_ is stored before state_ is looked
// at, and state_ before kernel_tid_ is looked at: one of them sees the other.
void Monitor::call() {
  if (const pid_t tid = kernel_tid_.load(); tid != 0) {
    sys::call(SYS_tgkill, sys::call(SYS_getpid), tid, SIGURG);
  }
}

void Monitor::wait(const timespec* timeout) {
  constexpr std::uint64_t kCall = std::uint64_t{1} << (SIGURG - 1);
  siginfo_t info = {};
  const long got = sys::call(SYS_rt_sigtimedwait, &kCall, &info, timeout, sys::kSignalMaskBytes);
  if (shall_quit_.exchange(false)) {
    quit_with_report(scheduler_);
  }
  const auto value = reinterpret_cast<std::uintptr_t>(info.si_value.sival_ptr);
  if (got == SIGURG && info.si_code == SI_QUEUE && value >> 32 == kReportMagic) {
    answer_with_report(scheduler_, static_cast<std::uint32_t>(value));
  }
}

void Monitor::loop() {
  Seen seen[kMostWorkers] = {};
  while (pause()) {
    look(seen);
    if (idle_looks_ >= kIdleLooksBeforeSleep && !stuck_.any()) {
      sleep_while_idle();
    }
  }
}

// For a slice. False if the monitor shall end.
bool Monitor::pause() {
  if (state_.load() != State::kRuns) {
    return false;
  }
  const timespec slice = Deadline::at(settings().slice_ns).to_timespec();
  wait(&slice);
  return state_.load() == State::kRuns;
}

// Stuck: in user mode now and at the last look, without a pick in between.
void Monitor::look(Seen* seen) {
  scheduler_.repeat_calls();
  const std::uint64_t picks = scheduler_.picks();
  idle_looks_ = scheduler_.is_idle() && picks == picks_seen_ ? idle_looks_ + 1 : 0;
  picks_seen_ = picks;
  const bool reports = reports_stuck();
  const std::int64_t moment = reports ? now_ns() : 0;
  for (int i = 0; i < scheduler_.holders(); ++i) {
    RunQueue& queue = scheduler_.queue(i);
    const Worker* const holder = queue.holder.load(std::memory_order_acquire);
    Seen now = {holder, queue.picks(), moment,
                holder->mode.load(std::memory_order_acquire) == WorkerMode::kUser};
    const bool is_stuck = now.was_user && seen[i].was_user && now.holder == seen[i].holder &&
                          now.picks == seen[i].picks;
    now.since_ns = is_stuck ? seen[i].since_ns : moment;
    seen[i] = now;
    if (is_stuck && !scheduler_.is_alone()) {
      // With a seed the order would depend on how fast code runs.
      if (scheduler_.has_migration() && scheduler_.seeded() == nullptr) {
        relieve(queue, holder);
      }
      if (reports) {
        stuck_.notice(*holder, now.since_ns);
      }
    }
  }
  if (reports) {
    stuck_.report(moment);
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
  asleep_.store(true, std::memory_order_seq_cst);
  if (scheduler_.is_idle() && state_.load() == State::kRuns) {
    wait(nullptr);
  }
  asleep_.store(false, std::memory_order_relaxed);
  idle_looks_ = 0;
}

void Monitor::wake_up() {
  if (asleep_.exchange(false)) {
    call();
  }
}

void Monitor::after_fork_in_child() {
  state_ = State::kNone;
  kernel_tid_ = 0;
  asleep_ = false;
  stuck_.after_fork_in_child();
}

}  // namespace weft::runtime

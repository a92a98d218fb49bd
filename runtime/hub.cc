#include "runtime/hub.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <span>

#include "runtime/check.h"
#include "runtime/os.h"
#include "runtime/ring.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr int kMaxEvents = 256;
constexpr int kMaxHubs = 64;
constexpr std::uint32_t kEverything = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
constexpr std::uint64_t kWakeEvent = ~std::uint64_t{0};
constexpr std::uint64_t kAlarmEvent = kWakeEvent - 1;

// Descriptors of ours, by hub, so that close-all loops of the program pass them by.
struct OwnFds {
  std::atomic<int> epoll{-1};
  std::atomic<int> wake{-1};
  std::atomic<int> timer{-1};
  std::atomic<int> ring{-1};
};
constinit OwnFds own_fds[kMaxHubs];
constinit std::atomic<std::uint64_t> used_bits{0};

// POSIX gives out the lowest free number, and programs rely on it: ours go where the program's do
// not.
int move_high(long fd) {
  if (sys::failed(fd)) {
    return static_cast<int>(fd);
  }
  rlimit limit = {};
  sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
  constexpr rlim_t kHighest = 1'000'000;
  const rlim_t top = std::min(limit.rlim_cur, kHighest);
  const long high = sys::call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, top > 320 ? top - 64 : top / 2);
  if (sys::failed(high)) {
    return static_cast<int>(fd);
  }
  sys::call(SYS_close, fd);
  return static_cast<int>(high);
}

// What epoll_wait(2) takes: rounded up.
int milliseconds_of(std::int64_t ns) {
  constexpr std::int64_t kMillisecond = 1'000'000;
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  return ns <= 0 ? static_cast<int>(ns)
                 : static_cast<int>(std::min((ns - 1) / kMillisecond + 1, kMost));
}

// For so many nanoseconds; -1: for ever. -ENOSYS before Linux 5.11, or what a filter says.
long wait_precisely(int epoll, std::span<epoll_event> events, std::int64_t ns) {
  const timespec limit = Deadline::at(ns).to_timespec();
  return sys::call(SYS_epoll_pwait2, epoll, events.data(), events.size(), ns < 0 ? nullptr : &limit,
                   nullptr, 0);
}

// As epoll_wait(2). A filter of system calls that comes later may know of that one only.
long wait_for_events(int epoll, std::span<epoll_event> events, std::int64_t ns, bool precisely) {
  const long got = precisely ? wait_precisely(epoll, events, ns) : -ENOSYS;
  return got != -ENOSYS && got != -EPERM
             ? got
             : sys::call(SYS_epoll_pwait, epoll, events.data(), events.size(), milliseconds_of(ns),
                         nullptr, 0);
}

bool can_wait_precisely(int epoll) {
  epoll_event none;  // NOLINT: filled by the kernel
  return !sys::failed(wait_precisely(epoll, {&none, 1}, 0));
}

int claim_bit() {
  std::uint64_t used = used_bits.load();
  for (;;) {
    const int bit = __builtin_ctzll(~used | (std::uint64_t{1} << 63));
    WEFT_CHECK((used >> bit & 1) == 0, "at most 64 threads of a process run fibers of their own");
    if (used_bits.compare_exchange_weak(used, used | std::uint64_t{1} << bit)) {
      return bit;
    }
  }
}

std::uint64_t pack(int fd, const FdSlot& slot) {
  return static_cast<std::uint64_t>(slot.generation()) << 32 | static_cast<std::uint32_t>(fd);
}

}  // namespace

int Hub::add_own(int fd, std::uint64_t tag) const {
  epoll_event event = {EPOLLIN | EPOLLET, {.u64 = tag}};
  return static_cast<int>(-sys::call(SYS_epoll_ctl, epoll_, EPOLL_CTL_ADD, fd, &event));
}

// A poll of one thread can itself end at the alarm: else another thread may set one meanwhile, or
// the one that slept until then may be held up. Before Linux 5.11 it would be up to a millisecond
// late.
bool Hub::keeps_time(const Options& options) const {
  return options.own_alarm && can_wait_precisely(epoll_);
}

int Hub::open(const Options& options) {
  epoll_ = move_high(sys::call(SYS_epoll_create1, EPOLL_CLOEXEC));
  wake_ = move_high(sys::call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
  const bool has_timer = !keeps_time(options);
  timer_ =
      has_timer
          ? move_high(sys::call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))
          : -1;
  for (const int fd : {epoll_, wake_.load(), has_timer ? timer_ : epoll_}) {
    if (fd < 0) {
      close();
      return -fd;
    }
  }
  if (bit_ == 0) {
    bit_ = std::uint64_t{1} << claim_bit();
  }
  OwnFds& own = own_fds[__builtin_ctzll(bit_)];
  own.epoll = epoll_;
  own.wake = wake_.load();
  own.timer = timer_;
  alarm_lock_.after_fork_in_child();  // if this is one
  alarm_ns_ = Deadline::never().ns();
  if (options.ring) {
    open_ring();
  }
  const int error = add_own(wake_, kWakeEvent);
  return error != 0 || timer_ < 0 ? error : add_own(timer_, kAlarmEvent);
}

void Hub::open_ring() {
  void* const memory = os::map(sizeof(Ring));
  if (memory == nullptr) {
    return;
  }
  ring_ = new (memory) Ring;
  if (const int error = ring_->open(epoll_)) {
    os::unmap(ring_, sizeof(Ring));
    ring_ = nullptr;
    static constinit std::atomic<bool> is_said{false};
    if (!is_said.exchange(true)) {
      print_line("weft: WEFT_HUB=io_uring: the kernel refuses an io_uring of our kind (",
                 strerrordesc_np(error), "): epoll it is. It takes Linux 6.1, and permission.");
    }
    return;
  }
  ring_->move_to(move_high(ring_->fd()));
  own_fds[__builtin_ctzll(bit_)].ring = ring_->fd();
}

void Hub::close_ring(bool is_ours) {
  if (ring_ != nullptr) {
    ring_->close(is_ours);
    os::unmap(ring_, sizeof(Ring));
    ring_ = nullptr;
  }
}

void Hub::close(bool is_ours) {
  close_ring(is_ours);
  for (const int fd : {epoll_, wake_.load(), timer_}) {
    if (fd >= 0) {
      sys::call(SYS_close, fd);
    }
  }
  epoll_ = -1;
  wake_ = -1;
  timer_ = -1;
  if (bit_ == 0) {
    return;
  }
  OwnFds& own = own_fds[__builtin_ctzll(bit_)];
  own.epoll = -1;
  own.wake = -1;
  own.timer = -1;
  own.ring = -1;
  for_each_fd_slot([this](int, FdSlot& slot) {
    if ((slot.registered() & bit_) != 0) {
      slot.clear_registered(bit_);
    }
  });
  used_bits.fetch_and(~bit_);
  bit_ = 0;
}

bool Hub::owns(int fd) {
  std::uint64_t used = fd < 0 ? 0 : used_bits.load(std::memory_order_relaxed);
  for (; used != 0; used &= used - 1) {
    const OwnFds& own = own_fds[__builtin_ctzll(used)];
    if (fd == own.epoll.load(std::memory_order_relaxed) ||
        fd == own.wake.load(std::memory_order_relaxed) ||
        fd == own.timer.load(std::memory_order_relaxed) ||
        fd == own.ring.load(std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

int Hub::next_own(int after) {
  int best = -1;
  const auto consider = [&best, after](int fd) {
    if (fd > after && (best < 0 || fd < best)) {
      best = fd;
    }
  };
  for (const OwnFds& own : own_fds) {
    consider(own.epoll.load(std::memory_order_relaxed));
    consider(own.wake.load(std::memory_order_relaxed));
    consider(own.timer.load(std::memory_order_relaxed));
    consider(own.ring.load(std::memory_order_relaxed));
  }
  return best;
}

int Hub::ensure_registered(int fd, FdSlot& slot) {
  if ((slot.registered() & bit_) != 0) {
    return 0;
  }
  epoll_event event = {kEverything, {.u64 = pack(fd, slot)}};
  long result = sys::call(SYS_epoll_ctl, epoll_, EPOLL_CTL_ADD, fd, &event);
  if (result == -EEXIST) {
    // The number had this description before, closed behind our back while a duplicate kept it
    // alive.
    result = sys::call(SYS_epoll_ctl, epoll_, EPOLL_CTL_MOD, fd, &event);
  }
  if (!sys::failed(result)) {
    slot.set_registered(bit_);
    counters.registrations.fetch_add(1, std::memory_order_relaxed);
  }
  return static_cast<int>(-result);
}

int Hub::register_anew(int fd, FdSlot& slot) {
  if ((slot.registered() & bit_) != 0) {
    epoll_event event = {kEverything, {.u64 = pack(fd, slot)}};
    const long result = sys::call(SYS_epoll_ctl, epoll_, EPOLL_CTL_MOD, fd, &event);
    if (result != -ENOENT) {
      return static_cast<int>(-result);
    }
    slot.clear_registered(bit_);
  }
  return ensure_registered(fd, slot);
}

void Hub::forget(int fd, FdSlot& slot) {
  if ((slot.registered() & bit_) != 0) {
    epoll_event ignored = {};  // kernels before 2.6.9 wanted one
    sys::call(SYS_epoll_ctl, epoll_, EPOLL_CTL_DEL, fd, &ignored);
    slot.clear_registered(bit_);
  }
}

void Hub::forget_everywhere(int fd, FdSlot& slot) {
  for (std::uint64_t bits = slot.registered(); bits != 0; bits &= bits - 1) {
    epoll_event ignored = {};
    // If that hub has just been closed, its number is none of an epoll that has this descriptor.
    sys::call(SYS_epoll_ctl, own_fds[__builtin_ctzll(bits)].epoll.load(), EPOLL_CTL_DEL, fd,
              &ignored);
    slot.clear_registered(bits & -bits);
  }
}

Hub::Polled Hub::poll(std::int64_t ns) {
  if (timer_ >= 0 || !has_alarm()) {
    return poll_events(ns);
  }
  Polled polled = poll_events(until_alarm(ns));
  if (until_alarm(-1) == 0) {
    alarm_ns_.store(Deadline::never().ns(), std::memory_order_relaxed);
    polled.alarm = true;
    ++polled.events;
  }
  return polled;
}

std::int64_t Hub::until_alarm(std::int64_t ns) const {
  if (ns == 0) {
    return 0;
  }
  const std::int64_t left = Deadline::at(alarm_ns_.load(std::memory_order_relaxed)).left_ns();
  return ns < 0 ? left : std::min(ns, left);
}

Hub::Polled Hub::poll_events(std::int64_t ns) {
  return ring_ != nullptr && ring_->is_busy() ? poll_ring(ns) : poll_epoll(ns);
}

// The ring speaks once of the events that epoll has: all of them are taken.
Hub::Polled Hub::poll_ring(std::int64_t ns) {
  const Ring::Polled met = ring_->poll(ns);
  Polled polled = {.events = met.calls, .signal = met.signal};
  for (bool has_more = met.descriptors; has_more;) {
    const Polled here = poll_epoll(0);
    polled.events += here.events;
    polled.signal = polled.signal || here.signal;
    polled.woken = polled.woken || here.woken;
    polled.alarm = polled.alarm || here.alarm;
    has_more = here.events == kMaxEvents || here.signal;
  }
  return polled;
}

Hub::Polled Hub::poll_epoll(std::int64_t ns) {
  epoll_event events[kMaxEvents];  // NOLINT: filled by the kernel; clearing 3 KiB per poll is waste
  const long got = wait_for_events(epoll_, events, ns, timer_ < 0 && ns > 0);
  counters.polls.fetch_add(1, std::memory_order_relaxed);  // before any edge: hooks/poll.cc
  Polled polled;
  if (got < 0) {
    WEFT_CHECK(got == -EINTR, "the hub's epoll instance works: did the program close it?");
    polled.signal = true;
    return polled;
  }
  polled.events = static_cast<int>(got);
  for (long i = 0; i < got; ++i) {
    const std::uint64_t tag = events[i].data.u64;
    // Edge-triggered: neither has to be read to be reported again.
    if (tag == kWakeEvent) {
      polled.woken = true;
    } else if (tag == kAlarmEvent) {
      clear_alarm();
      polled.alarm = true;
    } else {
      FdSlot* const slot = fd_slot(static_cast<int>(tag & 0xffff'ffff));
      // A stale event is of a number's former life; its description lives on elsewhere.
      if (slot != nullptr && slot->generation() == tag >> 32) {
        slot->on_event(events[i].events);
      }
    }
  }
  counters.events.fetch_add(static_cast<std::uint64_t>(got), std::memory_order_relaxed);
  return polled;
}

void Hub::wake() {
  const std::uint64_t one = 1;
  sys::call(SYS_write, wake_.load(std::memory_order_relaxed), &one, sizeof one);
}

// A timer is put into its heap, then the alarm is set. Whoever gets an alarm clears it, then looks
// at all heaps, then sets the next alarm. So of a timer that comes meanwhile either that look
// knows, or its own set_alarm finds none set. alarm_ns_ and the kernel's timer change together,
// under the lock. An own alarm is its thread's alone, and has neither.
void Hub::set_alarm(Deadline moment) {
  if (moment.ns() >= alarm_ns_.load(std::memory_order_seq_cst)) {
    return;
  }
  if (timer_ < 0) {
    alarm_ns_.store(moment.ns(), std::memory_order_relaxed);
    return;
  }
  const SpinGuard hold(alarm_lock_);
  if (moment.ns() >= alarm_ns_.load(std::memory_order_relaxed)) {
    return;
  }
  alarm_ns_.store(moment.ns(), std::memory_order_seq_cst);
  const std::int64_t at_least_one = std::max<std::int64_t>(moment.ns(), 1);  // zero turns it off
  const itimerspec setting = {{}, Deadline::at(at_least_one).to_timespec()};
  sys::call(SYS_timerfd_settime, timer_, TFD_TIMER_ABSTIME, &setting, nullptr);
}

void Hub::clear_alarm() {
  const SpinGuard hold(alarm_lock_);
  alarm_ns_.store(Deadline::never().ns(), std::memory_order_seq_cst);
}

}  // namespace weft::runtime

// barrier.cc: pthread_barrier_t, pthread_once_t, pthread_spinlock_t.
#include <cerrno>

#include "hooks/block.h"
#include "hooks/real.h"
#include "hooks/sync/park.h"
#include "hooks/sync/sync.h"
#include "hooks/sync/word.h"
#include "runtime/scheduler.h"

namespace weft::hooks::sync {

namespace {

// glibc: struct pthread_barrier. `in` counts arrivals of this round; `round` the rounds that are
// over. pthread_barrier_destroy stays glibc's: it finds in == 0, as when everybody has left.
struct BarrierLayout {
  unsigned in;
  unsigned round;
  unsigned count;
  int shared;
  unsigned out;
};
static_assert(sizeof(BarrierLayout) <= sizeof(pthread_barrier_t));

}  // namespace

int wait(pthread_barrier_t* barrier) {
  auto& b = *reinterpret_cast<BarrierLayout*>(barrier);
  if (b.shared != 0) {
    return block([barrier] { return real::pthread_barrier_wait(barrier); });
  }
  const Word round(b.round);
  const std::uint32_t mine = round.load();
  if (Word(b.in).add(1) + 1 == b.count) {
    Word(b.in).store(0);
    round.add(1);
    lot::unpark(&b, lot::kAll);
    return PTHREAD_BARRIER_SERIAL_THREAD;
  }
  const auto goes_on = [round, mine] { return round.load() == mine; };
  while (goes_on()) {
    park(&b, goes_on);
  }
  return 0;
}

namespace {

// glibc's values: done is 2; in progress is 1 and, above it, how often the process has forked.
constexpr std::uint32_t kDone = 2;
constexpr std::uint32_t kInProgress = 1;
constexpr std::uint32_t kForkUnit = 4;
constinit std::uint32_t forks = 0;

// Resets the control if init() leaves by an exception, pthread_exit or cancellation: then it has
// not run.
class OnceAttempt {
 public:
  explicit OnceAttempt(Word control) : control_(control) {}
  ~OnceAttempt() {
    control_.store(outcome_);
    lot::unpark(control_.address(), lot::kAll);
  }
  OnceAttempt(const OnceAttempt&) = delete;
  OnceAttempt& operator=(const OnceAttempt&) = delete;
  void succeeded() { outcome_ = kDone; }

 private:
  Word control_;
  std::uint32_t outcome_ = 0;
};

}  // namespace

int once(pthread_once_t* control, void (*init)()) {
  const Word word(*control);
  std::uint32_t seen = word.load();
  while ((seen & kDone) == 0) {
    const std::uint32_t mine = kInProgress | __atomic_load_n(&forks, __ATOMIC_RELAXED);
    if (seen == mine) {  // somebody of this process is at it
      park(word.address(), [word, mine] { return word.load() == mine; });
      seen = word.load();
      continue;
    }
    if (word.replace(seen, mine)) {
      OnceAttempt attempt(word);
      init();
      attempt.succeeded();
      return 0;
    }
  }
  return 0;
}

void after_fork_in_child() { __atomic_fetch_add(&forks, kForkUnit, __ATOMIC_RELAXED); }

int spin(pthread_spinlock_t* lock) {
  // The holder may be a fiber that waits for this very worker: let it run.
  int error = real::pthread_spin_trylock(lock);
  while (error == EBUSY) {
    runtime::yield();
    look_for_calls();
    error = real::pthread_spin_trylock(lock);
  }
  return error;
}

}  // namespace weft::hooks::sync

// rwlock.cc: pthread_rwlock_t.
//
// States, in glibc's word __readers (zero is unlocked, as PTHREAD_RWLOCK_INITIALIZER makes it):
//   kWriter   a writer has it                            kParked  somebody waits in the parking lot
//   the rest  how many readers have it
// __writers counts writers that wait: readers of a lock that prefers writers stay behind them.
// kParked is set under the lock of the parking lot's bucket before a waiter sleeps, and cleared
// under it when the last one has been woken; whoever releases the lock last and sees it wakes the
// first waiter, and with a reader all readers that may enter.
#include <cerrno>

#include "hooks/block.h"
#include "hooks/real.h"
#include "hooks/sync/native.h"
#include "hooks/sync/park.h"
#include "hooks/sync/sync.h"
#include "hooks/sync/word.h"
#include "hooks/thread.h"

namespace weft::hooks::sync {

namespace {

constexpr std::uint32_t kWriter = 1U << 31;
constexpr std::uint32_t kParked = 1U << 30;
constexpr std::uint32_t kReaders = kParked - 1;

enum Tag : std::uint32_t { kReaderTag = 0, kWriterTag = 1 };

Word state_of(pthread_rwlock_t* l) { return Word(l->__data.__readers); }
Word waiting_writers(pthread_rwlock_t* l) { return Word(l->__data.__writers); }
bool is_shared(const pthread_rwlock_t* l) { return l->__data.__shared != 0; }
bool is_owner(const pthread_rwlock_t* l) { return l->__data.__cur_writer == self_id(); }
bool prefers_writers(const pthread_rwlock_t* l) {
  return l->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

bool blocks_readers(pthread_rwlock_t* l, std::uint32_t state) {
  return (state & kWriter) != 0 || (prefers_writers(l) && waiting_writers(l).load() != 0);
}
bool blocks_writers(std::uint32_t state) { return (state & (kWriter | kReaders)) != 0; }

template <class Blocks>
int wait_until(pthread_rwlock_t* l, Tag tag, const TimePoint& until, Blocks blocks) {
  const Word state = state_of(l);
  const auto still_blocked = [state, blocks] {
    std::uint32_t seen = state.load();
    while (blocks(seen)) {
      if ((seen & kParked) != 0 || state.replace(seen, seen | kParked)) {
        return true;
      }
    }
    return false;
  };
  const lot::Woken woken =
      park(state.address(), still_blocked, {.deadline = until.deadline(), .tag = tag});
  return woken == lot::Woken::kTimedOut ? ETIMEDOUT : 0;
}

void wake_waiters(Word state) {
  bool first = true;
  bool readers_only = false;
  lot::unpark_if(
      state.address(),
      [&](std::uint32_t tag) {
        const bool wakes = first || (readers_only && tag == kReaderTag);
        readers_only = readers_only || (first && tag == kReaderTag);
        first = false;
        return wakes ? lot::Choice::kWake : lot::Choice::kSkip;
      },
      [state](int, int left) {
        if (left == 0) {
          state.clear_bits(kParked);
        }
      });
}

bool enter_as_reader(pthread_rwlock_t* l) {
  const Word state = state_of(l);
  std::uint32_t seen = state.load();
  while (!blocks_readers(l, seen)) {
    if (state.replace(seen, seen + 1)) {
      return true;
    }
  }
  return false;
}

bool enter_as_writer(pthread_rwlock_t* l) {
  const Word state = state_of(l);
  std::uint32_t seen = state.load();
  while (!blocks_writers(seen)) {
    if (state.replace(seen, seen | kWriter)) {
      l->__data.__cur_writer = self_id();
      return true;
    }
  }
  return false;
}

// A writer that waits, until it has the lock or gives up: by an error, or since it is cancelled.
class WaitingWriter {
 public:
  explicit WaitingWriter(pthread_rwlock_t* l) : lock_(l) { waiting_writers(l).add(1); }
  ~WaitingWriter() {
    waiting_writers(lock_).subtract(1);
    // Readers that stayed behind it must not sleep on.
    if (!has_lock_ && prefers_writers(lock_) && (state_of(lock_).load() & kParked) != 0) {
      wake_waiters(state_of(lock_));
    }
  }
  WaitingWriter(const WaitingWriter&) = delete;
  WaitingWriter& operator=(const WaitingWriter&) = delete;

  bool try_enter() {
    has_lock_ = enter_as_writer(lock_);
    return has_lock_;
  }

 private:
  pthread_rwlock_t* lock_;
  bool has_lock_ = false;
};

int read_by_libc(pthread_rwlock_t* l, const TimePoint& until) {
  return until.until() == nullptr
             ? real::pthread_rwlock_rdlock(l)
             : real::pthread_rwlock_clockrdlock(l, until.clock(), until.until());
}
int write_by_libc(pthread_rwlock_t* l, const TimePoint& until) {
  return until.until() == nullptr
             ? real::pthread_rwlock_wrlock(l)
             : real::pthread_rwlock_clockwrlock(l, until.clock(), until.until());
}

}  // namespace

int read_lock(pthread_rwlock_t* l, const TimePoint& until) {
  if (!until.is_valid()) {
    return EINVAL;  // as in libc also where it need not wait
  }
  if (is_shared(l)) {
    const AsKernelThread identity;  // libc asks whether the caller is the writer
    const int tried = real::pthread_rwlock_tryrdlock(l);
    return tried != EBUSY ? tried : block([&] { return read_by_libc(l, until); });
  }
  while (!enter_as_reader(l)) {
    if (is_owner(l)) {
      return EDEADLK;
    }
    if (const int error = wait_until(l, kReaderTag, until,
                                     [l](std::uint32_t s) { return blocks_readers(l, s); })) {
      return error;
    }
  }
  return 0;
}

int write_lock(pthread_rwlock_t* l, const TimePoint& until) {
  if (!until.is_valid()) {
    return EINVAL;
  }
  if (is_shared(l)) {
    AsKernelThread identity;
    const int tried = real::pthread_rwlock_trywrlock(l);
    return identity.locked(tried != EBUSY ? tried : block([&] { return write_by_libc(l, until); }));
  }
  if (enter_as_writer(l)) {
    return 0;
  }
  if (is_owner(l)) {
    return EDEADLK;
  }
  WaitingWriter writer(l);
  int error = 0;
  while (error == 0 && !writer.try_enter()) {
    error = wait_until(l, kWriterTag, until, blocks_writers);
  }
  return error;
}

int try_read_lock(pthread_rwlock_t* l) {
  if (is_shared(l)) {
    return real::pthread_rwlock_tryrdlock(l);
  }
  return enter_as_reader(l) ? 0 : EBUSY;
}

int try_write_lock(pthread_rwlock_t* l) {
  if (is_shared(l)) {
    AsKernelThread identity;
    return identity.locked(real::pthread_rwlock_trywrlock(l));
  }
  return enter_as_writer(l) ? 0 : EBUSY;
}

int unlock(pthread_rwlock_t* l) {
  if (is_shared(l)) {
    // libc asks whether the caller is the writer.
    const bool by_writer = l->__data.__cur_writer != 0;
    AsKernelThread identity(by_writer);
    const int result = real::pthread_rwlock_unlock(l);
    return by_writer ? identity.unlocked(result) : result;
  }
  const Word state = state_of(l);
  std::uint32_t before = 0;
  if ((state.peek() & kWriter) != 0) {
    l->__data.__cur_writer = 0;
    before = state.clear_bits(kWriter);
  } else {
    before = state.subtract(1);
  }
  const bool is_last = (before & kWriter) != 0 || (before & kReaders) == 1;
  if (is_last && (before & kParked) != 0) {
    wake_waiters(state);
    give_way();
  }
  return 0;
}

}  // namespace weft::hooks::sync

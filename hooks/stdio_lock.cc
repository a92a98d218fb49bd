// stdio_lock.cc: flockfile and its kin, as a table.
//
// libc's lock has a word with the states of its mutexes, an owner, and how often the owner has it.
// Here it is taken with a count that libc's own code, which may take it again and give it back in
// between, never brings down to zero: so it is given back here, and whoever waits in the parking
// lot hears of it. A lock that libc's code has taken by itself wakes only whoever sleeps on the
// word in the kernel.
#include "hooks/stdio_lock.h"

#include <pthread.h>

#include <atomic>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/real.h"
#include "hooks/sync/park.h"
#include "hooks/sync/word.h"
#include "runtime/spin_lock.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace stdio {
namespace {

// glibc: sysdeps/nptl/stdio-lock.h
struct LibcLock {
  int word;
  int count;
  void* owner;
};

constexpr std::uint32_t kFree = 0;
constexpr std::uint32_t kLocked = 1;
constexpr std::uint32_t kContended = 2;
constexpr int kOurs = 1 << 24;  // as often as nobody takes a lock
constexpr int kSpins = 100;     // some hundred nanoseconds: as long as libc has it for a putc

LibcLock& lock_of(FILE* file) { return *static_cast<LibcLock*>(file->_lock); }

void* self() {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): for glibc a handle is the address of the block
  return reinterpret_cast<void*>(::pthread_self());
}

bool is_mine(const LibcLock& lock) {
  return __atomic_load_n(&lock.owner, __ATOMIC_RELAXED) == self();
}

bool is_ours(const LibcLock& lock) {
  return __atomic_load_n(&lock.count, __ATOMIC_SEQ_CST) >= kOurs;
}

void own(LibcLock& lock) {
  __atomic_store_n(&lock.owner, self(), __ATOMIC_RELAXED);
  __atomic_store_n(&lock.count, kOurs, __ATOMIC_RELEASE);
}

bool take(LibcLock& lock) {
  std::uint32_t found = kFree;
  if (!sync::Word(lock.word).replace(found, kLocked)) {
    return false;
  }
  own(lock);
  return true;
}

// How many are in the parking lot, or about to be. Counted before they look at whose the lock is;
// whoever gives it back says so first and looks at this second. So one of them sees the other.
constinit std::atomic<int> waiters{0};

class Waiting {
 public:
  Waiting() { waiters.fetch_add(1); }
  ~Waiting() { waiters.fetch_sub(1); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

void release(LibcLock& lock) {
  __atomic_store_n(&lock.owner, nullptr, __ATOMIC_RELAXED);
  __atomic_store_n(&lock.count, 0, __ATOMIC_RELAXED);
  // From the exchange on another owner may free the FILE: only the word's address is used.
  const sync::Word word(lock.word);
  if (word.exchange(kFree) == kContended) {
    runtime::sys::futex_wake(word.address(), 1);
  }
  if (waiters.load() != 0) {
    sync::lot::unpark(word.address(), 1);
  }
}

// Whether it turned out free, or taken here. If not, libc's own code has it.
bool spin(const LibcLock& lock) {
  for (int i = 0; i < kSpins; ++i) {
    if (__atomic_load_n(&lock.word, __ATOMIC_RELAXED) == 0 || is_ours(lock)) {
      return true;
    }
    runtime::SpinLock::relax();
  }
  return false;
}

[[gnu::noinline]] void wait_for(FILE* file, LibcLock& lock) {
  while (!take(lock)) {
    if (is_ours(lock)) {
      const Waiting waiting;
      sync::park(&lock.word, [&lock] { return is_ours(lock); });
    } else if (!spin(lock)) {
      block([file] { real::flockfile(file); });
      own(lock);
      return;
    }
  }
}

bool again(LibcLock& lock) {
  if (!is_mine(lock)) {
    return false;
  }
  ++lock.count;
  return true;
}

}  // namespace

void lock(FILE* file) {
  LibcLock& lock = lock_of(file);
  if (!again(lock) && !take(lock)) {
    wait_for(file, lock);
  }
}

bool try_lock(FILE* file) { return again(lock_of(file)) || take(lock_of(file)); }

void unlock(FILE* file) {
  LibcLock& lock = lock_of(file);
  if (lock.count > kOurs) {
    --lock.count;
  } else if (lock.count == kOurs) {
    release(lock);
  } else {
    real::funlockfile(file);
  }
}

bool is_at_hand(FILE* file) {
  const LibcLock& lock = lock_of(file);
  return __atomic_load_n(&lock.word, __ATOMIC_RELAXED) == 0 || is_mine(lock);
}

void after_fork_in_child() { waiters.store(0); }

}  // namespace stdio

namespace {

constexpr int kNeedsLock = 128;  // glibc: _IO_FLAGS2_NEED_LOCK; else getc and putc take none

// On kernel threads, too, and before there are fibers: those may come to wait for it. Fibers
// without TLS of their own are one thread to libc.
bool is_ours() {
  const runtime::Fiber* const self = runtime::current();
  return is_on(Group::kStdio) && (self == nullptr || self->own_tls);
}

void lock_file(FILE* file) {
  if (!is_ours()) {
    real::flockfile(file);
    return;
  }
  stdio::lock(file);
  file->_flags2 |= kNeedsLock;
}

int try_lock_file(FILE* file) {
  if (!is_ours()) {
    return real::ftrylockfile(file);
  }
  if (!stdio::try_lock(file)) {
    if (runtime::current() != nullptr) {
      runtime::running.worker->give_turns();  // a loop around this must let the owner run
      look_for_calls();
    }
    return EBUSY;
  }
  file->_flags2 |= kNeedsLock;
  return 0;
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                how
void flockfile      (FILE* f)      { lock_file(f); }
int  ftrylockfile   (FILE* f)      { return try_lock_file(f); }
void funlockfile    (FILE* f)      { stdio::unlock(f); }
void _IO_flockfile  (FILE* f)      { lock_file(f); }
int  _IO_ftrylockfile(FILE* f)     { return try_lock_file(f); }
void _IO_funlockfile(FILE* f)      { stdio::unlock(f); }
}
// clang-format on

}  // namespace weft::hooks

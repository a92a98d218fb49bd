// fd_slot.h: what is known of one descriptor number, and who waits for it.
//
// Layer:  runtime.      See also: hub.h, runtime/DESIGN.md ("Readiness").
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/spin_lock.h"

namespace weft::runtime {

struct Fiber;

enum class Direction : std::uint8_t { kRead = 0, kWrite = 1 };

/// One wait in one direction of one slot. Lives on the waiter's stack, from enter() to leave().
struct FdWaiter {
  enum class Outcome : std::uint8_t { kWaiting, kEvent, kClosed, kCancelled };
  Fiber* fiber = nullptr;  // null: a kernel thread, which polls `wake_fd`, an eventfd
  FdWaiter* next = nullptr;
  FdWaiter* previous = nullptr;
  int wake_fd = -1;
  bool exclusive =
      true;  // one event wakes one of these (read, accept), and all of the others (poll)
  bool heeds_cancel = false;  // cancel_waits() ends it
  bool queued = false;
  Outcome outcome = Outcome::kWaiting;
};

/// Readiness is counted, not flagged: an edge from epoll adds one to the direction's count. Whoever
/// wants to wait reads the count, then asks the kernel, and parks only if the count is still the
/// same. So no edge is lost, several readers and pollers of one descriptor do not consume each
/// other's edges, and "drained" is a count too.
///
/// Invariants: 1. A waiter is in at most one queue, and only between enter() and leave() (guarded
/// by lock_).
///             2. A waiter that has been taken out has an outcome that is not kWaiting.
///             3. drained == edges means: a read that began after that edge found the end of the
///             data.
class FdSlot {
 public:
  /// Edges seen so far in a direction. Read it before asking the kernel.
  [[nodiscard]] std::uint32_t edges(Direction d) const {
    return side(d).edges.load(std::memory_order_acquire);
  }
  /// Queues the waiter, unless an edge came after `seen`: then false, and the caller asks the
  /// kernel again.
  [[nodiscard]] bool enter(FdWaiter& waiter, Direction d, std::uint32_t seen);
  /// Ends a wait. Afterwards nobody refers to the waiter. If an event was meant for it and it will
  /// not use it (`used` is false), the next exclusive waiter gets it.
  FdWaiter::Outcome leave(FdWaiter& waiter, Direction d, bool used);

  /// The hub's: counts the edge and wakes.
  void on_event(std::uint32_t epoll_events);
  /// After a successful read or accept: there may be more, so the next waiter shall look.
  void pass_on(Direction d) {
    if (side(d).head.load(std::memory_order_relaxed) != nullptr) {
      wake_one(d);
    }
  }

  /// Wakes all waiters that heed it, with kCancelled.
  void cancel_waits();

  /// The number begins a new life (a call handed it out) or ends one (close): waiters wake with
  /// kClosed.
  void reset();

  /// The short-read shortcut: a read that began at `seen` took less than it asked for.
  void set_drained(std::uint32_t seen) { drained_.store(seen, std::memory_order_relaxed); }
  /// Whether a read now would find nothing, as far as is known without asking.
  [[nodiscard]] bool is_drained() const {
    return has_shortcut_.load(std::memory_order_relaxed) && registered() != 0 &&
           drained_.load(std::memory_order_relaxed) == edges(Direction::kRead);
  }
  /// End of file, errors and urgent data raise no further edge behind a short read: then the kernel
  /// is asked every time.
  void forbid_shortcut() { has_shortcut_.store(false, std::memory_order_relaxed); }

  /// Hubs in which the descriptor is registered, as a bit mask over Hub::index().
  [[nodiscard]] std::uint64_t registered() const {
    return registered_.load(std::memory_order_acquire);
  }
  void set_registered(std::uint64_t hub) { registered_.fetch_or(hub, std::memory_order_acq_rel); }
  void clear_registered(std::uint64_t hub) {
    registered_.fetch_and(~hub, std::memory_order_acq_rel);
  }
  [[nodiscard]] std::uint32_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }

  /// For the layer above: what it knows of the descriptor. Zero after reset().
  std::atomic<std::uint32_t> tag{0};

  /// In a fork's child: nobody waits, nothing is registered.
  void forget_process();

 private:
  struct Side {
    std::atomic<std::uint32_t> edges{1};
    std::atomic<FdWaiter*> head{nullptr};
    FdWaiter* tail = nullptr;
  };
  Side& side(Direction d) { return sides_[static_cast<int>(d)]; }
  [[nodiscard]] const Side& side(Direction d) const { return sides_[static_cast<int>(d)]; }
  void append(Side& s, FdWaiter& waiter);
  void remove(Side& s, FdWaiter& waiter);
  void wake(Side& s, FdWaiter& waiter, FdWaiter::Outcome outcome);
  void wake_for_edge(Side& s);
  void wake_first_exclusive(Side& s);
  void wake_one(Direction d);

  SpinLock lock_;
  std::atomic<std::uint32_t> generation_{0};
  std::atomic<std::uint32_t> drained_{0};
  std::atomic<bool> has_shortcut_{true};
  std::atomic<std::uint64_t> registered_{0};
  Side sides_[2];
};

/// The slot of a descriptor number, made on first use; null for a negative number, one beyond the
/// table (16 million), or when memory is short. Never moves. Threads: any.
FdSlot* fd_slot(int fd);

/// Calls `visit(fd, slot)` for every slot that exists.
template <class Visit>
void for_each_fd_slot(Visit visit);

inline constexpr int kSlotsPerChunk = 1024;
inline constexpr int kChunks = 16 * 1024;
extern std::atomic<FdSlot*> fd_chunks[kChunks];

template <class Visit>
void for_each_fd_slot(Visit visit) {
  for (int chunk = 0; chunk < kChunks; ++chunk) {
    FdSlot* const slots = fd_chunks[chunk].load(std::memory_order_acquire);
    for (int i = 0; slots != nullptr && i < kSlotsPerChunk; ++i) {
      visit(chunk * kSlotsPerChunk + i, slots[i]);
    }
  }
}

}  // namespace weft::runtime

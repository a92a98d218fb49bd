// lot_wait_set.h: waits at many addresses at once, that go on while their owner does other things.
//
// Layer:  runtime. weft::wait() and its kin are built on this.
//
// Each place has a waiter in the parking lot. Who wakes one takes it out of its queue and puts it
// into the set's list, both under the lock of its bucket; so the destructor, which takes that lock
// for each waiter, leaves no waker behind. Locks are taken in this order: bucket, then set. A waker
// unparks the owner under both, and may do so when the owner has found by itself what it was to be
// woken for: its next wait meets a wake-up that is none of its own.
//
// In a fork's child a set of the forker's can only be destroyed: whom it waits for is not there,
// and a thread that the fork left behind may hold its lock, which the destructor does not take.
#pragma once
#include <cstddef>
#include <deque>

#include "runtime/parking_lot.h"

namespace weft::runtime::lot {

/// Owned by one fiber or thread.
class WaitSet {
 public:
  WaitSet() = default;
  WaitSet(const WaitSet&) = delete;
  WaitSet& operator=(const WaitSet&) = delete;
  ~WaitSet();

  /// Waits at `address` from now on, if valid() says so under its lock; else it counts as woken.
  /// Places are numbered from 0.
  template <class Valid>
  void add(const void* address, Valid valid) {
    Member& member = members_.emplace_back(*this, members_.size());
    Bucket& bucket = bucket_of(address);
    const SpinGuard hold(bucket.lock);
    if (valid()) {
      enqueue(bucket, member, address, 0);
    } else {
      put(member);
    }
  }

  /// The next place at which a wake-up came, each once, in the order in which they came
  /// (kUnparked).
  Woken next(const ParkOptions& options, std::size_t* place);

 private:
  friend void wake_next(Bucket& bucket, Waiter* previous);
  struct Member : Waiter {
    Member(WaitSet& of, std::size_t its_place) : place(its_place) { set = &of; }
    const std::size_t place;
    Member* behind = nullptr;
  };

  /// Under the lock of the member's bucket.
  void put(Member& member);
  Member* take();

  std::deque<Member> members_;
  SpinLock lock_;
  Member* first_ = nullptr;
  Member* last_ = nullptr;
  bool is_asleep_ = false;               // the owner is, or is about to be, and has not been woken
  Fiber* owner_ = nullptr;               // null: a kernel thread
  std::atomic<std::uint32_t> woken_{0};  // whether the list has had members since the owner looked
};

}  // namespace weft::runtime::lot

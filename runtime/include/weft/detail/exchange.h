// weft/detail/exchange.h: what queues and channels have in common: things pass from who puts them
// to who gets them. No part of the API: weft/queue.h and weft/channel.h are.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/mutex.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <span>

namespace weft::detail {

class Exchange;
class Served;
struct Decision;

/// One thing that a wait would do, if it can.
struct Offer {
  enum class Kind : std::uint8_t {
    kPut,   // thing: the T that goes
    kGet,   // thing: the std::optional<T> that it goes to
    kPeek,  // the same, and it stays
    kJoin   // no thing: until all that was put is done
  };
  Exchange* where = nullptr;
  Kind kind = Kind::kPut;
  void* thing = nullptr;

  /// Guarded by the exchange's mutex, once queued.
  Decision* decision = nullptr;
  Offer* previous = nullptr;
  Offer* next = nullptr;
  bool is_queued = false;
};

/// Offers that wait, oldest first.
struct OfferList {
  Offer* first = nullptr;
  Offer* last = nullptr;
  void append(Offer& offer);
  void remove(Offer& offer);
};

/// What has come of a wait: the offer that was taken; none when the time was up.
struct Concluded {
  Offer* offer = nullptr;
  bool is_closed = false;  // there is nothing to be had, nor will be
};

/// A deadline for who does not wait.
inline constexpr std::int64_t kAtOnce = std::numeric_limits<std::int64_t>::min();

/// Does one of the offers, exactly: the first that can be done. Of several that can be, any.
/// Throws what ended the wait, or what a move or copy of T threw; else nothing.
Concluded transact(std::span<Offer* const> offers, std::int64_t deadline, const char* call);

/// The same for one.
inline Concluded transact(Offer offer, std::int64_t deadline, const char* call) {
  Offer* const only = &offer;
  return transact(std::span<Offer* const>(&only, 1), deadline, call);
}

/// Where offers meet. At most `capacity` things are stored for who comes later; with 0 each passes
/// from hand to hand.
///
/// Invariants: 1. If somebody waits to get, nothing is stored and nobody waits to put.
/// 2. If somebody waits to put, `capacity` things are stored, and it is not closed.
/// (Who has been claimed elsewhere, and has not taken itself out yet, does not count.)
class Exchange {
 public:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  explicit Exchange(std::size_t capacity) : capacity_(capacity) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool is_closed() const;
  /// How many things are stored or offered, less those who wait for one.
  [[nodiscard]] std::ptrdiff_t balance() const;
  /// Who puts fails from now on, and so does who gets once nothing is stored; `drop` sees to that.
  void close(bool drop);

  /// How many things were put and not reported as done.
  [[nodiscard]] std::size_t unfinished() const;
  /// Throws std::logic_error if there is none.
  void task_done();

 private:
  friend Concluded transact(std::span<Offer* const> offers, std::int64_t deadline,
                            const char* call);
  friend class Locks;
  friend class Waiting;
  enum class Attempt : std::uint8_t { kBlocked, kDone, kClosed };

  // What needs the type. Called with the mutex held; may throw what T does.
  virtual void push(void* thing) = 0;
  virtual void pop(void* slot) = 0;
  virtual void hand_over(void* thing, void* slot) = 0;
  virtual void copy(const void* thing, void* slot) = 0;  // null: of what pop() would take
  [[nodiscard]] virtual std::size_t stored() const = 0;
  virtual std::shared_ptr<void> take_all() = 0;

  /// With the mutexes of all of them held.
  static Concluded attempt_any(std::span<Offer* const> offers, Served& served);
  Attempt attempt(const Offer& offer, Served& served);
  Attempt put(void* thing, Served& served);
  Attempt get(void* slot, Served& served);
  Attempt peek(void* slot);
  void refill(Served& served);
  void show(const void* thing, Served& served);
  OfferList& waiting(Offer::Kind kind);

  const std::size_t capacity_;
  mutable Mutex mutex_;
  // Guarded by mutex_.
  bool closed_ = false;
  std::size_t unfinished_ = 0;
  OfferList putters_;
  OfferList getters_;
  OfferList peekers_;
  OfferList joiners_;
};

}  // namespace weft::detail

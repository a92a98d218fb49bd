#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "runtime/api_decision.h"
#include "runtime/api_wait.h"
#include "runtime/fiber_signals.h"
#include "runtime/scheduler.h"

// How exactly one offer of a wait comes to pass, whoever waits for how many:
//
// Each exchange has a mutex. Who comes takes the mutexes of all exchanges that it has offers at,
// lower addresses first, and so does everybody who ever holds two: no cycle. With all of them held
// it looks for an offer that can be done at once. As its offers are queued nowhere yet, nobody can
// do one of them behind its back; it does one, and is done. If none can be done it queues all of
// them before it lets go of any mutex: whoever comes to one of these exchanges later finds its
// offer there, so no two waits pass each other.
//
// Who finds a queued offer holds that exchange's mutex, not those of the others where the same wait
// has offers. So it first claims the wait: Decision::claimed goes from 0 to 1 once. Who succeeds
// moves the thing and settles the decision; who does not leaves the offer alone, since the wait is
// decided elsewhere. Its owner claims it, too, in order to give up (time, kill): one that can't
// has been served, and takes what it was given: nothing is lost, and the kill comes at its next
// wait. Only one side of a meeting ever is queued, so one claim decides.
//
// Offers and decision lie on the owner's stack. It leaves when the decision has been settled, which
// happens when who claimed it has let go of all mutexes, and when it has taken the mutex of each
// exchange once more and seen to it that its offer is out of the queue. The one that was served is,
// and that exchange may be gone by then: its mutex is not taken, so both who serves and who is
// served may destroy it. Who is served is woken behind all that: a fiber's memory stays, and a
// futex that is gone wakes nobody. Mutexes are taken shielded: they are held for a few moves only,
// and the only wait that is called off is the one for the decision.

namespace weft::detail {

namespace lot = runtime::lot;
using lot::Woken;

namespace {

/// Until the decision is settled, or as the options say. Offers stay queued while handlers run:
/// such a wait must not be left by a jump.
Woken sleep(const Decision& decision, const lot::ParkOptions& options) {
  runtime::check_may_wait();
  runtime::Fiber* const self = decision.owner;
  for (;;) {
    lot::stack_is_queued(self, true);
    const Woken ended = lot::sleep_until_set(decision.settled, &decision.settled, options);
    lot::stack_is_queued(self, false);
    if (ended != Woken::kInterrupted) {
      return ended;
    }
    if (self != nullptr) {
      runtime::fiber_signals::run_handlers(*self);
    }
  }
}

std::uint64_t random_bits() {
  static constinit std::atomic<std::uint64_t> state{0};
  // splitmix64
  std::uint64_t bits = state.fetch_add(0x9e37'79b9'7f4a'7c15, std::memory_order_relaxed);
  bits = (bits ^ (bits >> 30)) * 0xbf58'476d'1ce4'e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d0'49bb'1331'11eb;
  return bits ^ (bits >> 31);
}

// A number below `end`: in a seeded run one of the scheduler's, which belongs to whoever has its
// queue.
[[gnu::noinline]] std::size_t dice(std::size_t end) {
  const runtime::Worker* const worker = runtime::running.worker;
  if (runtime::current() != nullptr && worker->queue.load(std::memory_order_relaxed) != nullptr) {
    if (runtime::Seeded* const seeded = worker->scheduler->seeded()) {
      return seeded->below(static_cast<std::uint32_t>(end));
    }
  }
  return random_bits() % end;
}

}  // namespace

/// The mutexes of all exchanges that have one of the offers.
class Locks {
 public:
  explicit Locks(std::span<Offer* const> offers)
      : only_(offers.size() == 1 ? &offers[0]->where->mutex_ : nullptr) {
    if (only_ != nullptr) {
      lock_shielded(*only_);
    } else {
      lock_many(offers);
    }
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;
  ~Locks() {
    if (only_ != nullptr) {
      only_->unlock();
    }
    for (Mutex* const mutex : many_) {
      mutex->unlock();
    }
  }

 private:
  [[gnu::noinline]] void lock_many(std::span<Offer* const> offers) {
    for (const Offer* const offer : offers) {
      many_.push_back(&offer->where->mutex_);
    }
    std::sort(many_.begin(), many_.end(), std::less<>());
    many_.erase(std::unique(many_.begin(), many_.end()), many_.end());
    for (Mutex* const mutex : many_) {
      lock_shielded(*mutex);
    }
  }

  Mutex* const only_;  // one needs no memory
  std::vector<Mutex*> many_;
};

/// A wait whose offers are queued, from begin() on to its end: it leaves none behind, and nobody
/// who still is about to serve it.
class Waiting {
 public:
  explicit Waiting(std::span<Offer* const> offers) : offers_(offers) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (!has_begun_ || (conclude() && offers_.size() == 1)) {
      return;
    }
    const Offer* const served = has_given_up_ ? nullptr : decision_->result.offer;
    for (Offer* const offer : offers_) {
      if (offer == served) {
        continue;
      }
      const Hold hold(offer->where->mutex_);
      if (offer->is_queued) {
        offer->where->waiting(offer->kind).remove(*offer);
      }
    }
  }

  /// With all mutexes held.
  void begin(Decision& decision) {
    has_begun_ = true;
    decision_ = &decision;
    for (Offer* const offer : offers_) {
      offer->decision = &decision;
      offer->where->waiting(offer->kind).append(*offer);
    }
  }
  /// Whether it has been served. If not it never will be.
  bool conclude() {
    if (decision_->settled.load(std::memory_order_acquire) != 0) {
      return true;
    }
    has_given_up_ = has_given_up_ || decision_->claim();
    if (!has_given_up_) {
      sleep(*decision_, {});
    }
    return !has_given_up_;
  }

 private:
  std::span<Offer* const> offers_;
  Decision* decision_ = nullptr;
  bool has_begun_ = false;
  bool has_given_up_ = false;
};

Concluded Exchange::attempt_any(std::span<Offer* const> offers, Served& served) {
  const auto conclude = [&served](Offer* offer) {
    const Attempt attempt = offer->where->attempt(*offer, served);
    return Concluded{attempt == Attempt::kBlocked ? nullptr : offer, attempt == Attempt::kClosed};
  };
  if (offers.size() == 1) {
    return conclude(offers[0]);
  }
  std::vector<Offer*> shuffled(offers.begin(), offers.end());
  for (std::size_t left = shuffled.size(); left > 1; --left) {
    std::swap(shuffled[left - 1], shuffled[dice(left)]);
  }
  for (Offer* const offer : shuffled) {
    if (const Concluded concluded = conclude(offer); concluded.offer != nullptr) {
      return concluded;
    }
  }
  return {};
}

Concluded transact(std::span<Offer* const> offers, std::int64_t deadline, const char* call) {
  Decision decision;
  Woken woken = Woken::kUnparked;
  bool is_served = false;
  {
    Waiting waiting(offers);
    {
      Served served;
      const Locks locks(offers);
      const Concluded at_once = Exchange::attempt_any(offers, served);
      if (at_once.offer != nullptr || deadline == kAtOnce) {
        return at_once;
      }
      waiting.begin(decision);
    }
    woken = sleep(decision, wait_options(deadline));
    is_served = waiting.conclude();
  }
  if (!is_served) {
    check(woken, call);
    return {};
  }
  if (decision.error != nullptr) {
    std::rethrow_exception(decision.error);
  }
  return decision.result;
}

}  // namespace weft::detail

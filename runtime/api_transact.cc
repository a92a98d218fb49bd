#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "runtime/api_decision.h"
#include "runtime/api_wait.h"
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
// Offers and decision lie on the owner's stack. It leaves when it has taken the mutex of each
// exchange once more and found its offer out of the queue, and when the decision has been settled:
// that happens when who claimed it has let go of all mutexes, so who is served may destroy the
// exchange. Mutexes are taken shielded: they are held for a few moves only, and the only wait that
// is called off is the one for the decision.

namespace weft::detail {

namespace lot = runtime::lot;
using lot::Woken;

namespace {

/// Until the decision is settled, or as the options say.
Woken sleep(Decision& decision, const lot::ParkOptions& options) {
  const auto is_unsettled = [&decision] {
    return decision.settled.load(std::memory_order_acquire) == 0;
  };
  while (is_unsettled()) {
    const Woken woken = lot::park(&decision.settled, is_unsettled, options);
    if (woken == Woken::kUnparked) {
      let_waker_finish(&decision.settled);
    } else if (woken != Woken::kInvalid && woken != Woken::kInterrupted) {
      return woken;
    }
  }
  return Woken::kUnparked;
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
  explicit Locks(std::span<Offer* const> offers) {
    if (offers.size() == 1) {
      only_ = &offers[0]->where->mutex_;
      held_ = {&only_, 1};
    } else {
      for (const Offer* const offer : offers) {
        many_.push_back(&offer->where->mutex_);
      }
      std::sort(many_.begin(), many_.end(), std::less<>());
      many_.erase(std::unique(many_.begin(), many_.end()), many_.end());
      held_ = many_;
    }
    const Shielded shielded;
    for (Mutex* const mutex : held_) {
      mutex->lock();
    }
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;
  ~Locks() {
    for (Mutex* const mutex : held_) {
      mutex->unlock();
    }
  }

 private:
  Mutex* only_ = nullptr;  // one needs no memory
  std::vector<Mutex*> many_;
  std::span<Mutex* const> held_;
};

/// A wait whose offers are queued, from begin() on to its end: it leaves none behind, and nobody
/// who still is about to serve it.
class Waiting {
 public:
  explicit Waiting(std::span<Offer* const> offers) : offers_(offers) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (!has_begun_) {
      return;
    }
    conclude();
    for (Offer* const offer : offers_) {
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
  std::vector<Offer*> shuffled;
  if (offers.size() > 1) {
    shuffled.assign(offers.begin(), offers.end());
    for (std::size_t left = shuffled.size(); left > 1; --left) {
      std::swap(shuffled[left - 1], shuffled[dice(left)]);
    }
    offers = shuffled;
  }
  for (Offer* const offer : offers) {
    const Attempt attempt = offer->where->attempt(*offer, served);
    if (attempt != Attempt::kBlocked) {
      return {offer, attempt == Attempt::kClosed};
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

#include <weft/detail/exchange.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "runtime/api_decision.h"

// How offers meet: see api_transact.cc. The mutex is held but by the public functions.

namespace weft::detail {
namespace {

/// The oldest whose wait is open: claimed, and out of the list.
Offer* claim_first(OfferList& list) {
  while (Offer* const offer = list.first) {
    list.remove(*offer);
    if (offer->decision->claim()) {
      return offer;
    }
  }
  return nullptr;
}

void end_all(OfferList& list, bool is_closed, Served& served) {
  while (Offer* const offer = claim_first(list)) {
    served.add(*offer, is_closed);
  }
}

std::ptrdiff_t count_open(const OfferList& list) {
  std::ptrdiff_t count = 0;
  for (const Offer* offer = list.first; offer != nullptr; offer = offer->next) {
    count += offer->decision->is_open() ? 1 : 0;
  }
  return count;
}

}  // namespace

void OfferList::append(Offer& offer) {
  offer.previous = last;
  offer.next = nullptr;
  (last == nullptr ? first : last->next) = &offer;
  last = &offer;
  offer.is_queued = true;
}

void OfferList::remove(Offer& offer) {
  (offer.previous == nullptr ? first : offer.previous->next) = offer.next;
  (offer.next == nullptr ? last : offer.next->previous) = offer.previous;
  offer.is_queued = false;
}

OfferList& Exchange::waiting(Offer::Kind kind) {
  switch (kind) {
    case Offer::Kind::kPut:
      return putters_;
    case Offer::Kind::kGet:
      return getters_;
    case Offer::Kind::kPeek:
      return peekers_;
    default:
      return joiners_;
  }
}

Exchange::Attempt Exchange::attempt(const Offer& offer, Served& served) {
  switch (offer.kind) {
    case Offer::Kind::kPut:
      return put(offer.thing, served);
    case Offer::Kind::kGet:
      return get(offer.thing, served);
    case Offer::Kind::kPeek:
      return peek(offer.thing);
    default:
      return unfinished_ == 0 ? Attempt::kDone : Attempt::kBlocked;
  }
}

Exchange::Attempt Exchange::put(void* thing, Served& served) {
  if (closed_) {
    return Attempt::kClosed;
  }
  if (Offer* const getter = claim_first(getters_)) {
    show(thing, served);
    try {
      hand_over(thing, getter->thing);
    } catch (...) {  // half a thing is of no use to either
      served.add(*getter, false, std::current_exception());
      throw;
    }
    served.add(*getter);
  } else if (stored() < capacity_) {
    push(thing);
    show(nullptr, served);
  } else {
    return Attempt::kBlocked;
  }
  ++unfinished_;
  return Attempt::kDone;
}

Exchange::Attempt Exchange::get(void* slot, Served& served) {
  if (stored() > 0) {
    pop(slot);
    refill(served);
    return Attempt::kDone;
  }
  if (closed_) {
    return Attempt::kClosed;
  }
  Offer* const putter = claim_first(putters_);
  if (putter == nullptr) {
    return Attempt::kBlocked;
  }
  try {
    hand_over(putter->thing, slot);
  } catch (...) {
    served.add(*putter, false, std::current_exception());
    throw;
  }
  ++unfinished_;
  served.add(*putter);
  return Attempt::kDone;
}

Exchange::Attempt Exchange::peek(void* slot) {
  if (stored() > 0) {
    copy(nullptr, slot);
    return Attempt::kDone;
  }
  return closed_ ? Attempt::kClosed : Attempt::kBlocked;
}

// Somebody has taken something: the oldest of those who wait to put take its place.
void Exchange::refill(Served& served) {
  while (stored() < capacity_) {
    Offer* const putter = claim_first(putters_);
    if (putter == nullptr) {
      return;
    }
    std::exception_ptr error;
    try {
      push(putter->thing);
      ++unfinished_;
    } catch (...) {
      error = std::current_exception();
    }
    served.add(*putter, false, std::move(error));
  }
}

// To all who only want to see the next one.
void Exchange::show(const void* thing, Served& served) {
  while (Offer* const peeker = claim_first(peekers_)) {
    std::exception_ptr error;
    try {
      copy(thing, peeker->thing);
    } catch (...) {
      error = std::current_exception();
    }
    served.add(*peeker, false, std::move(error));
  }
}

void Exchange::close(bool drop) {
  std::shared_ptr<void> dropped;  // destroyed last: it may be anything
  Served served;
  const Hold hold(mutex_);
  closed_ = true;
  end_all(putters_, true, served);
  if (drop) {
    unfinished_ -= std::min(unfinished_, stored());
    dropped = take_all();
  }
  if (stored() == 0) {
    end_all(getters_, true, served);
    end_all(peekers_, true, served);
  }
  if (unfinished_ == 0) {
    end_all(joiners_, false, served);
  }
}

std::size_t Exchange::size() const {
  const Hold hold(mutex_);
  return stored();
}

bool Exchange::is_closed() const {
  const Hold hold(mutex_);
  return closed_;
}

std::ptrdiff_t Exchange::balance() const {
  const Hold hold(mutex_);
  return static_cast<std::ptrdiff_t>(stored()) + count_open(putters_) - count_open(getters_);
}

std::size_t Exchange::unfinished() const {
  const Hold hold(mutex_);
  return unfinished_;
}

void Exchange::task_done() {
  Served served;
  const Hold hold(mutex_);
  if (unfinished_ == 0) {
    throw std::logic_error("weft::JoinableQueue::task_done: called more often than put");
  }
  if (--unfinished_ == 0) {
    end_all(joiners_, false, served);
  }
}

}  // namespace weft::detail

#include "hooks/interests.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hooks/signal_mask.h"
#include "runtime/os.h"

namespace weft::hooks {

using runtime::Deadline;
using runtime::Direction;
using runtime::FdInterest;
namespace os = runtime::os;

namespace {

bool is_closed(const FdInterest& interest) {
  return interest.slot->generation() != interest.generation;
}

}  // namespace

Interests::~Interests() {
  if (list_ != inline_) {
    os::unmap(list_, capacity_ * sizeof(FdInterest));
  }
}

bool Interests::grow() {
  const std::size_t bigger = capacity_ * 8;
  auto* const memory = static_cast<FdInterest*>(os::map(bigger * sizeof(FdInterest)));
  if (memory == nullptr) {
    return false;
  }
  std::copy_n(list_, count_, memory);
  if (list_ != inline_) {
    os::unmap(list_, capacity_ * sizeof(FdInterest));
  }
  list_ = memory;
  capacity_ = bigger;
  return true;
}

void Interests::add_one(int fd, Direction direction) {
  runtime::FdSlot* const slot = runtime::fd_slot(fd);
  if (slot == nullptr || (count_ == capacity_ && !grow())) {
    is_blind_ = true;
    return;
  }
  FdInterest& interest = list_[count_++];
  interest = {};
  interest.fd = fd;
  interest.direction = direction;
  interest.slot = slot;
  interest.generation = slot->generation();
}

void Interests::add(int fd, bool reads, bool writes) {
  if (reads) {
    add_one(fd, Direction::kRead);
  }
  if (writes) {
    add_one(fd, Direction::kWrite);
  }
}

void Interests::begin() {
  for (std::size_t i = 0; i < count_; ++i) {
    list_[i].seen = list_[i].slot->edges(list_[i].direction);
  }
}

bool Interests::was_closed() const { return std::any_of(list_, list_ + count_, is_closed); }

bool Interests::was_closed(int fd) const {
  return std::any_of(list_, list_ + count_,
                     [fd](const FdInterest& i) { return i.fd == fd && is_closed(i); });
}

bool Interests::wait(Deadline deadline) {
  constexpr std::chrono::milliseconds kBlindInterval(10);
  Deadline until = deadline;
  if (is_blind_) {
    until = std::min(deadline, Deadline::after(kBlindInterval));
  }
  // Whatever else ends it, the caller looks.
  return runtime::wait_for_any(list_, count_,
                               {.deadline = until, .interruptible = true, .cancellable = true},
                               &is_blind_) != ECANCELED;
}

MaskScope::MaskScope(const sigset_t* mask) : is_set_(mask != nullptr) {
  if (is_set_) {
    saved_ = fiber_mask();
    set_fiber_mask(bits_of(*mask));
  }
}

MaskScope::~MaskScope() {
  if (is_set_) {
    set_fiber_mask(saved_);
  }
}

}  // namespace weft::hooks

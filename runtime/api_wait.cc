#include "runtime/api_wait.h"

#include <weft/detail/waits.h>

#include <vector>

#include "runtime/lot_wait_set.h"

namespace weft::detail {

namespace lot = runtime::lot;

struct Waits::Set : lot::WaitSet {
  std::vector<const void*> addresses;  // of the places
};

Waits::Waits() : set_(std::make_unique<Set>()) {}
Waits::Waits(Waits&&) noexcept = default;
Waits& Waits::operator=(Waits&&) noexcept = default;
Waits::~Waits() = default;

void Waits::add(const WaitPoint& point) {
  set_->addresses.push_back(point.address);
  set_->add(point.address, [&point] { return point.announce(point.object); });
  ++left_;
}

std::optional<std::size_t> Waits::next(std::int64_t deadline, const char* call) {
  if (left_ == 0) {
    return {};
  }
  for (;;) {
    std::size_t place = 0;
    const lot::Woken woken = set_->next(wait_options(deadline), &place);
    check(woken, call);
    if (woken == lot::Woken::kUnparked) {
      let_waker_finish(set_->addresses[place]);
      --left_;
      return place;
    }
    if (woken == lot::Woken::kTimedOut) {
      return {};
    }
  }
}

}  // namespace weft::detail

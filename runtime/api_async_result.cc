#include <weft/async_result.h>

namespace weft {

ResultCancelled::ResultCancelled()
    : std::runtime_error("weft::AsyncResult: it has been cancelled") {}

namespace detail {

bool AsyncState::try_claim() {
  Outcome expected = Outcome::kNone;
  return outcome_.compare_exchange_strong(expected, Outcome::kClaimed);
}

void AsyncState::claim() {
  if (!try_claim()) {
    throw std::logic_error("weft::AsyncResult: it has been set or cancelled before");
  }
}

void AsyncState::publish(Outcome outcome) {
  outcome_.store(outcome, std::memory_order_relaxed);
  event.set();
}

void AsyncState::publish_error(std::exception_ptr error) {
  error_ = std::move(error);
  publish(Outcome::kError);
}

void AsyncState::check() const {
  const Outcome now = outcome();
  if (now == Outcome::kError) {
    std::rethrow_exception(error_);
  }
  if (now == Outcome::kCancelled) {
    throw ResultCancelled();
  }
}

}  // namespace detail
}  // namespace weft

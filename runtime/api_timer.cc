#include <weft/fiber.h>
#include <weft/timer.h>

#include <stdexcept>

#include "runtime/api_own_fiber.h"

namespace weft::detail {

void TimerState::start(const std::shared_ptr<TimerState>& self,
                       const std::optional<std::int64_t>& deadline,
                       std::chrono::nanoseconds delay) {
  Stage expected = Stage::kNew;
  if (!self->stage.compare_exchange_strong(expected, Stage::kStarted)) {
    throw std::logic_error("weft::Timer::start: it has been started or cancelled before");
  }
  try {
    own_scheduler("weft::Timer");  // by its clock
    const std::int64_t end = deadline.has_value() ? *deadline : deadline_after(delay);
    weft::spawn({.name = "timer"}, [self, end] { self->run(end); });
  } catch (...) {
    expected = Stage::kStarted;
    self->stage.compare_exchange_strong(expected, Stage::kNew);
    throw;
  }
}

bool TimerState::cancel() {
  for (Stage seen = stage.load(); seen == Stage::kNew || seen == Stage::kStarted;) {
    if (stage.compare_exchange_weak(seen, Stage::kOver)) {
      over.set();
      return true;
    }
  }
  return false;
}

void TimerState::run(std::int64_t deadline) {
  try {
    Stage expected = Stage::kStarted;
    if (!over.wait_until(moment_of(deadline)) &&
        stage.compare_exchange_strong(expected, Stage::kCalls)) {
      call();
    }
  } catch (...) {
    end();
    throw;
  }
  end();
}

void TimerState::end() {
  stage.store(Stage::kOver);
  over.set();
}

}  // namespace weft::detail

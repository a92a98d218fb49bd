#include <weft/idle.h>
#include <weft/this_fiber.h>

#include "runtime/api_error.h"
#include "runtime/scheduler.h"

namespace weft {
namespace {

// One that idle workers shall think of.
class Idler {
 public:
  explicit Idler(std::atomic<int>& count) : count_(count) { count_.fetch_add(1); }
  ~Idler() { count_.fetch_sub(1); }
  Idler(const Idler&) = delete;
  Idler& operator=(const Idler&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

void idle() {
  const runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    yield();
    return;
  }
  runtime::Scheduler& scheduler = *self->scheduler;
  const Idler idler(scheduler.idlers());
  // A worker that sleeps already does not know of this one.
  const auto woken = runtime::lot::park(
      &scheduler.idlers(), [] { return true; }, [&scheduler] { scheduler.idle().wake_one(); },
      {.cancellable = true});
  detail::check(woken, "weft::idle");
}

}  // namespace weft

#include <weft/clock.h>
#include <weft/seed.h>

#include "runtime/deadline.h"
#include "runtime/seeded.h"

namespace weft {

std::optional<std::uint64_t> seed() {
  const runtime::Seeded* const seeded = runtime::Seeded::of_caller();
  return seeded == nullptr ? std::nullopt : std::optional(seeded->seed());
}

Clock::time_point Clock::now() noexcept { return time_point(duration(runtime::now_ns())); }

}  // namespace weft

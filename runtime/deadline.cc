#include "runtime/deadline.h"

#include "runtime/seeded.h"

namespace weft::runtime {

std::int64_t clock_ns(clockid_t clock) {
  // libc's own, because it reads the vDSO without a system call; it is not hooked by anyone here.
  timespec now = {};
  ::clock_gettime(clock, &now);
  return to_ns(now);
}

std::int64_t now_ns() {
  const Seeded* const seeded = Seeded::of_caller();
  return seeded == nullptr ? clock_ns(CLOCK_MONOTONIC) : seeded->now_ns();
}

bool is_real_time() { return Seeded::of_caller() == nullptr; }

}  // namespace weft::runtime

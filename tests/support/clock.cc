#include "tests/support/clock.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/support/thread.h"

namespace weft::test {

nanoseconds allowed_lateness(nanoseconds margin) {
  if (!expecting_fibers()) {
    return seconds(10);
  }
  // "0.20 0.18 0.12 1/80 11206": load of the last minute, two, five, and what wants to run now.
  double load = 0;
  double other = 0;
  double running = 0;
  std::ifstream("/proc/loadavg") >> load >> other >> other >> running;
  const double processors = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  return margin * (1 + static_cast<int>(2 * std::max(load, running) / processors));
}

}  // namespace weft::test

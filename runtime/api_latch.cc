#include <weft/latch.h>

#include <stdexcept>

namespace weft {

Latch::Latch(std::uint32_t count) : left_(count) {
  if (count == 0) {
    event_.set();
  }
}

void Latch::count_down(std::uint32_t count) {
  std::uint32_t seen = left_.load(std::memory_order_relaxed);
  do {
    if (count > seen) {
      throw std::logic_error("weft::Latch::count_down: less than that is left");
    }
  } while (!left_.compare_exchange_weak(seen, seen - count, std::memory_order_acq_rel,
                                        std::memory_order_relaxed));
  if (seen == count && count != 0) {
    event_.set();
  }
}

}  // namespace weft

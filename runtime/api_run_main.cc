#include <weft/detail/shielded.h>
#include <weft/run_main.h>

#include <string>

#include "runtime/check.h"

namespace weft::detail {

void join_first(const AnyFiber& first) {
  try {
    first.join();
  } catch (...) {
    const Shielded shield;
    first.kill();
    throw;
  }
}

void report_seed(const AnyFiber& first, std::optional<std::uint64_t> seed) {
  if (seed && !first.successful()) {
    const std::string number = std::to_string(*seed);
    runtime::print_line("weft: failed with seed ", number.c_str(), "; WEFT_SEED=", number.c_str(),
                        " gives the same order again");
  }
}

}  // namespace weft::detail

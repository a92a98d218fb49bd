#include <weft/assert_yields.h>

#include <algorithm>
#include <exception>
#include <string>

#include "runtime/api_own_fiber.h"
#include "runtime/check.h"
#include "runtime/scheduler.h"
#include "runtime/switch_watch.h"

namespace weft {
namespace {

namespace switch_watch = runtime::switch_watch;

std::string in_milliseconds(std::int64_t ns) {
  return std::to_string(static_cast<double>(ns) / 1e6) + " ms";
}

}  // namespace

AssertYields::AssertYields(std::int64_t most_ns)
    : most_ns_(most_ns),
      exceptions_(std::uncaught_exceptions()),
      fiber_(&detail::own_fiber("weft::AssertYields")) {
  switch_watch::add(*runtime::current(), watch_);
}

// NOLINTNEXTLINE(bugprone-exception-escape): what it is for
AssertYields::~AssertYields() noexcept(false) {
  WEFT_CHECK(runtime::current() == fiber_, "an AssertYields stays with its fiber");
  switch_watch::remove(*runtime::current(), watch_);
  if (std::uncaught_exceptions() <= exceptions_) {
    check();
  }
}

void AssertYields::check() const {
  if (most_ns_ == kOnce) {
    if (watch_.turns == 0) {
      throw DidNotYield("weft::AssertYields: no other fiber could run for " +
                        in_milliseconds(longest_block().count()));
    }
    return;
  }
  if (const std::int64_t longest = longest_block().count(); longest > most_ns_) {
    throw DidNotYield("weft::AssertYields: no other fiber could run for " +
                      in_milliseconds(longest) + ", which is more than " +
                      in_milliseconds(most_ns_));
  }
}

std::chrono::nanoseconds AssertYields::longest_block() const {
  return std::chrono::nanoseconds(std::max(watch_.longest_ns, switch_watch::stretch_ns(watch_)));
}

}  // namespace weft

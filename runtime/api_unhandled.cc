#include "runtime/api_unhandled.h"

#include <cstdio>
#include <utility>

#include "runtime/check.h"
#include "runtime/shared_handler.h"

namespace weft {
namespace {

// Never destroyed: fibers may fail while the process ends.
runtime::SharedHandler<UnhandledHandler>& current() {
  static auto* const only = new runtime::SharedHandler<UnhandledHandler>;
  return *only;
}

void print(const Unhandled& failed, const char* verb, const char* what) {
  char number[24] = {};
  std::snprintf(number, sizeof number, "%llu '", static_cast<unsigned long long>(failed.fiber));
  runtime::print_line("weft: fiber ", number, failed.name.data(), verb, what);
}

// Of an exception, in words.
template <class Use>
void with_text(const std::exception_ptr& error, Use use) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    use(known.what());
  } catch (...) {
    use("an exception that is no std::exception");
  }
}

void print_line_for(const Unhandled& failed) {
  with_text(failed.error,
            [&](const char* what) { print(failed, "' failed, and nobody fetched why: ", what); });
}

}  // namespace

namespace detail {

void handle(const Unhandled& failed) noexcept {
  const auto chosen = current().get();
  if (chosen == nullptr) {
    print_line_for(failed);
    return;
  }
  try {
    (*chosen)(failed);
  } catch (...) {
    print_line_for(failed);
    with_text(std::current_exception(), [&](const char* what) {
      print(failed, "' failed, and so did the handler for that: ", what);
    });
  }
}

}  // namespace detail

UnhandledHandler on_unhandled(UnhandledHandler handler) {
  return current().exchange(std::move(handler), [](bool /*is_given*/) {});
}

}  // namespace weft

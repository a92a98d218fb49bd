#include <weft/on_blocked.h>

#include <exception>
#include <utility>

#include "runtime/check.h"
#include "runtime/scheduler.h"
#include "runtime/shared_handler.h"
#include "runtime/stuck_report.h"

namespace weft {
namespace {

// Never destroyed: fibers may be stuck while the process ends.
runtime::SharedHandler<BlockedHandler>& current() {
  static auto* const only = new runtime::SharedHandler<BlockedHandler>;
  return *only;
}

void call_handler(const runtime::StuckFiber& stuck) noexcept {
  const auto handler = current().get();
  if (handler == nullptr) {
    return;  // it has just been taken away
  }
  try {
    (*handler)({.fiber = stuck.id,
                .name = stuck.name,
                .kernel_thread = stuck.kernel_tid,
                .held = std::chrono::milliseconds(stuck.held_ms),
                .where = stuck.where,
                .others = stuck.left_out});
  } catch (const std::exception& error) {
    runtime::print_line("weft: the handler of weft::on_blocked failed: ", error.what());
  } catch (...) {
    runtime::print_line("weft: the handler of weft::on_blocked failed");
  }
}

}  // namespace

BlockedHandler on_blocked(BlockedHandler handler) {
  return current().exchange(std::move(handler), [](bool is_given) {
    runtime::set_stuck_handler(is_given ? call_handler : nullptr);
  });
}

}  // namespace weft

#include <weft/post.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/api_own_fiber.h"
#include "runtime/gate.h"
#include "runtime/scheduler.h"

namespace weft {
namespace {

runtime::Gate* as_gate(void* gate) { return static_cast<runtime::Gate*>(gate); }

}  // namespace

namespace detail {

HubEntry::HubEntry(void* gate) : gate_(gate) {
  if (gate == nullptr) {
    throw_errno(EINVAL, "weft::Hub: a hub of no scheduler");
  }
  scheduler_ = as_gate(gate)->enter();
  if (scheduler_ == nullptr) {
    throw_errno(ESRCH, "weft::Hub: its scheduler has ended");
  }
}

HubEntry::~HubEntry() { as_gate(gate_)->leave(); }

}  // namespace detail

Hub::Hub(const Hub& other) : gate_(other.gate_) {
  if (gate_ != nullptr) {
    as_gate(gate_)->retain();
  }
}

Hub::~Hub() {
  if (gate_ != nullptr) {
    as_gate(gate_)->release();
  }
}

Hub Hub::current() {
  runtime::Gate& gate = detail::own_scheduler("weft::Hub").gate();
  gate.retain();
  return Hub(&gate);
}

bool Hub::is_open() const { return gate_ != nullptr && !as_gate(gate_)->is_closed(); }

}  // namespace weft

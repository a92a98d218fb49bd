#include "runtime/own_tls.h"

#include "runtime/spin_lock.h"
#include "runtime/tcb.h"

namespace weft::runtime {

const char* own_tls_refusal() {
  static constinit SpinLock lock;
  static constinit bool probed = false;
  static constinit const char* refusal = nullptr;
  const SpinGuard hold(lock);
  if (!probed && !tcb::available()) {
    refusal = tcb::probe();
  }
  probed = true;
  return refusal;
}

}  // namespace weft::runtime

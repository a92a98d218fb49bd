#include "runtime/helper_thread.h"

#include <linux/close_range.h>

#include "runtime/os.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {

bool start_helper_thread(void* (*main)(void*), void* argument) {
  // In this order: libc shall never count fewer threads than the program has.
  if (!os::start_thread(main, argument)) {
    return false;
  }
  tcb::count_threads(-1);
  return true;
}

void helper_thread_ends() { tcb::count_threads(1); }

void leave_descriptors(unsigned first) {
  sys::call(SYS_close_range, first, ~0U, CLOSE_RANGE_UNSHARE);
}

}  // namespace weft::runtime

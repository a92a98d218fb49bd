// The waits of runtime/, for cancel_everywhere_test.cc. Left out are those that are made of others
// here: File (wait_fd, or a thread that is not called off), run() and its kin of subprocess.h
// (communicate), blocking() and offload() (they wait for their call, whatever comes).
#include "tests/runtime/cancel_rows.h"

namespace weft::test {

std::vector<Row> all_cancel_rows() {
  return joined({cancel_lock_rows(), cancel_fiber_rows(), cancel_queue_rows(), cancel_pool_rows(),
                 cancel_process_rows()});
}

}  // namespace weft::test

#include <weft/net/stream.h>

#include <cerrno>

#include "runtime/api_error.h"

namespace weft::detail {

void throw_ended(const char* call) { throw_errno(ENODATA, call); }

}  // namespace weft::detail

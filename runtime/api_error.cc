#include "runtime/api_error.h"

#include <system_error>

namespace weft::detail {

void throw_errno(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace weft::detail

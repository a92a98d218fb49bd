#include "runtime/api_error.h"

#include <weft/deadlock.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace weft {

WouldBlockForever::WouldBlockForever(const char* call)
    : std::system_error(EDEADLK, std::generic_category(),
                        std::string(call) + ": would block for ever, since all fibers wait") {}

}  // namespace weft

namespace weft::detail {

void throw_errno(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

void throw_deadlock(const char* what) { throw WouldBlockForever(what); }

}  // namespace weft::detail

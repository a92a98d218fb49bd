// c11.h: what C11's threads.h says instead of an errno.
//
// Layer:  hooks.
#pragma once
#include <threads.h>

#include <cerrno>

namespace weft::hooks {

inline int as_c11(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ETIMEDOUT:
      return thrd_timedout;
    case ENOMEM:
      return thrd_nomem;
    default:
      return thrd_error;
  }
}

}  // namespace weft::hooks

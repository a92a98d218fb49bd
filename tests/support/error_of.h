// tests/support/error_of.h: the error that a call throws.
#pragma once
#include <system_error>

namespace weft::test {

/// The errno of the std::system_error that call() throws; 0 if none.
template <class Call>
int error_of(Call call) {
  try {
    call();
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

}  // namespace weft::test

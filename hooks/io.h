// io.h: write(2), for other hooks.
//
// Layer:  hooks.
#pragma once
#include <sys/types.h>

#include <cstddef>

namespace weft::hooks {

/// As write(2): returns when all is taken; a count beats an error. Parks.
ssize_t write_all(int fd, const void* bytes, std::size_t size);

}  // namespace weft::hooks

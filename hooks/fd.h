// fd.h: the ends of descriptors, by whatever name they are called.
//
// Layer:  hooks.
#pragma once

namespace weft::hooks {

/// close(2). EBADF for weft's own: the program never got that number.
int close_number(int fd);

/// close_range(2), around weft's own.
int close_numbers(unsigned first, unsigned last, int flags);

}  // namespace weft::hooks

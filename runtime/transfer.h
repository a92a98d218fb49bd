// transfer.h: one receive or send of a stream of bytes, as data.
//
// Layer:  runtime.
#pragma once
#include <cstddef>

#include "runtime/fd_slot.h"

namespace weft::runtime {

struct Transfer {
  Direction direction = Direction::kRead;
  int fd = -1;
  void* bytes = nullptr;
  std::size_t size = 0;
  int flags = 0;  // of recv(2) and send(2)
};

}  // namespace weft::runtime

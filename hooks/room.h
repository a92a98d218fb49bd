// room.h: memory for one call, where malloc may not be called.
//
// Layer:  hooks.
#pragma once
#include <cstddef>

#include "runtime/os.h"

namespace weft::hooks {

/// A bit of the stack, which may be a handler's small one; what needs more gets pages of its own,
/// for as long as this lives.
class Room {
 public:
  Room() = default;
  ~Room() {
    if (pages_ != nullptr) {
      runtime::os::unmap(pages_, bytes_);
    }
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  /// Null: no memory. Called once.
  void* take(std::size_t bytes) {
    if (bytes <= sizeof here_) {
      return here_;
    }
    bytes_ = bytes;
    pages_ = runtime::os::map(bytes);
    return pages_;
  }

 private:
  alignas(void*) char here_[2048] = {};
  void* pages_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace weft::hooks

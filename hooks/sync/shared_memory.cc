#include "hooks/sync/shared_memory.h"

#include <fcntl.h>

#include <cstddef>
#include <cstdint>

#include "runtime/sys.h"

namespace weft::hooks::sync {

namespace sys = runtime::sys;

namespace {

// Reads "START-END PERM …" line by line, without libc: the caller may be inside of malloc's or
// stdio's locks.
class Maps {
 public:
  Maps() : fd_(sys::call(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~Maps() { sys::call(SYS_close, fd_); }
  Maps(const Maps&) = delete;
  Maps& operator=(const Maps&) = delete;

  bool next_line() {
    start_ = number();
    end_ = number();
    for (int i = 0; i < 4; ++i) {
      last_permission_ = byte();
    }
    int c = last_permission_;
    while (c >= 0 && c != '\n') {
      c = byte();
    }
    return c >= 0;
  }
  [[nodiscard]] bool contains(std::uintptr_t address) const {
    return address >= start_ && address < end_;
  }
  [[nodiscard]] bool is_shared() const { return last_permission_ == 's'; }

 private:
  int byte() {
    if (at_ == size_) {
      at_ = 0;
      size_ = sys::call(SYS_read, fd_, buffer_, sizeof buffer_);
      if (size_ <= 0) {
        size_ = 0;
        return -1;
      }
    }
    return static_cast<unsigned char>(buffer_[at_++]);
  }
  // A hexadecimal number and the character behind it.
  std::uintptr_t number() {
    std::uintptr_t value = 0;
    for (int c = byte(); c > ' ' && c != '-'; c = byte()) {
      value = value * 16 + static_cast<std::uintptr_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
  }

  long fd_;
  char buffer_[1024] = {};
  long at_ = 0;
  long size_ = 0;
  std::uintptr_t start_ = 0;
  std::uintptr_t end_ = 0;
  int last_permission_ = 0;
};

}  // namespace

bool is_shared_memory(const void* address) {
  Maps maps;
  while (maps.next_line()) {
    if (maps.contains(reinterpret_cast<std::uintptr_t>(address))) {
      return maps.is_shared();
    }
  }
  return true;
}

}  // namespace weft::hooks::sync

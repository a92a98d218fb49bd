// file_io.h: one read or write of a descriptor of any kind, without flags that others could see.
//
// Layer:  runtime. File is made of it.
#pragma once
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace weft::detail {

/// At the position of the file, not at an offset.
inline constexpr off_t kAtPosition = -1;

/// One system call at a time: returns what the kernel does, or -errno. EINTR never comes back.
long read_at(int fd, void* room, std::size_t size, off_t offset);
long write_at(int fd, const void* bytes, std::size_t size, off_t offset);

/// The same of what can be had at once: -EAGAIN if nothing can, -EOPNOTSUPP where the kernel cannot
/// say.
long read_at_once(int fd, void* room, std::size_t size, off_t offset);
long write_at_once(int fd, const void* bytes, std::size_t size, off_t offset);

/// Blocks SIGPIPE for the calling kernel thread, and returns its mask before.
std::uint64_t block_sigpipe();
/// Undoes it. `is_pending`: a write has just failed with EPIPE, so there is one, for this thread.
void unblock_sigpipe(std::uint64_t before, bool is_pending);

/// Returns what `call()` does, which returns -EPIPE without a SIGPIPE. No fiber may be switched to
/// meanwhile.
template <class Call>
long without_sigpipe(Call call) {
  const std::uint64_t before = block_sigpipe();
  const long result = call();
  unblock_sigpipe(before, result == -EPIPE);
  return result;
}

}  // namespace weft::detail

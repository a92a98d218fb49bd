#include "runtime/file_io.h"

#include <signal.h>
#include <sys/uio.h>

#include <cerrno>

#include "runtime/sys.h"

namespace weft::detail {

namespace sys = runtime::sys;

namespace {

constexpr std::uint64_t kSigpipe = std::uint64_t{1} << (SIGPIPE - 1);

template <class Call>
long uninterrupted(Call call) {
  long result = 0;
  do {
    result = call();
  } while (result == -EINTR);
  return result;
}

// The kernel takes an offset as two halves, the upper of which counts on 32 bits only.
long at_once(long number, int fd, void* bytes, std::size_t size, off_t offset) {
  const iovec piece = {bytes, size};
  const long result =
      uninterrupted([&] { return sys::call(number, fd, &piece, 1, offset, 0, RWF_NOWAIT); });
  return result == -ENOSYS || result == -EINVAL ? -EOPNOTSUPP
                                                : result;  // of old kernels, and files
}

}  // namespace

long read_at(int fd, void* room, std::size_t size, off_t offset) {
  return uninterrupted([=] {
    return offset == kAtPosition ? sys::call(SYS_read, fd, room, size)
                                 : sys::call(SYS_pread64, fd, room, size, offset);
  });
}

long write_at(int fd, const void* bytes, std::size_t size, off_t offset) {
  return uninterrupted([=] {
    return offset == kAtPosition ? sys::call(SYS_write, fd, bytes, size)
                                 : sys::call(SYS_pwrite64, fd, bytes, size, offset);
  });
}

long read_at_once(int fd, void* room, std::size_t size, off_t offset) {
  return at_once(SYS_preadv2, fd, room, size, offset);
}

long write_at_once(int fd, const void* bytes, std::size_t size, off_t offset) {
  return at_once(SYS_pwritev2, fd, const_cast<void*>(bytes), size, offset);
}

std::uint64_t block_sigpipe() {
  std::uint64_t before = 0;
  sys::call(SYS_rt_sigprocmask, SIG_BLOCK, &kSigpipe, &before, sys::kSignalMaskBytes);
  return before;
}

// Where it was blocked before, one may have been pending: it stays.
void unblock_sigpipe(std::uint64_t before, bool is_pending) {
  if ((before & kSigpipe) != 0) {
    return;
  }
  if (is_pending) {
    constexpr timespec kNow = {};
    sys::call(SYS_rt_sigtimedwait, &kSigpipe, nullptr, &kNow, sys::kSignalMaskBytes);
  }
  sys::call(SYS_rt_sigprocmask, SIG_UNBLOCK, &kSigpipe, nullptr, sys::kSignalMaskBytes);
}

}  // namespace weft::detail

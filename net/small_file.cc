#include "net/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/sys.h"

namespace weft::net {

namespace sys = runtime::sys;

std::string read_file(const char* path) {
  std::string text;
  const long fd = sys::call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (sys::failed(fd)) {
    return text;
  }
  char part[4096];
  for (long got = sys::call(SYS_read, fd, part, sizeof part); got > 0;
       got = sys::call(SYS_read, fd, part, sizeof part)) {
    text.append(part, static_cast<std::size_t>(got));
  }
  sys::call(SYS_close, fd);
  return text;
}

std::uint64_t version_of(const char* path, With with) {
  struct stat status = {};
  if (sys::failed(sys::call(SYS_newfstatat, AT_FDCWD, path, &status, 0))) {
    return 1;
  }
  std::uint64_t version = 2;
  const auto mix = [&version](long value) {
    version = (version ^ static_cast<std::uint64_t>(value)) * 0x9e37'79b9'7f4a'7c15U;
    version ^= version >> 32;
  };
  mix(static_cast<long>(status.st_ino));
  mix(static_cast<long>(status.st_dev));
  if (with == With::kTimes) {
    mix(status.st_size);
    mix(status.st_mtim.tv_sec);
    mix(status.st_mtim.tv_nsec);
    mix(status.st_ctim.tv_sec);
    mix(status.st_ctim.tv_nsec);
  }
  return version == 0 ? 1 : version;
}

}  // namespace weft::net

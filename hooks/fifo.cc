#include "hooks/fifo.h"

#include <sys/stat.h>

#include <cstring>

#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

bool waits_for_other_end(int at, const char* path, int flags) {
  const int access = flags & O_ACCMODE;
  const bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  if ((access != O_RDONLY && access != O_WRONLY) || is_new ||
      (flags & (O_NONBLOCK | O_PATH | O_DIRECTORY)) != 0) {
    return false;
  }
  struct stat status = {};
  const int follow = (flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
  return !sys::failed(sys::call(SYS_newfstatat, at, path, &status, follow)) &&
         S_ISFIFO(status.st_mode);
}

int open_flags_of(const char* mode) {
  return std::strchr(mode, '+') != nullptr ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
}

}  // namespace weft::hooks

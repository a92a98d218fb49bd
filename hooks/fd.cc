// fd.cc: what hands out descriptors, copies them, ends them and changes their flags, as a table.
#include "hooks/fd.h"

#include <dirent.h>
#include <linux/close_range.h>
#include <stdarg.h>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/fd_table.h"
#include "hooks/fifo.h"
#include "hooks/file_lock.h"
#include "hooks/fork.h"
#include "hooks/real.h"
#include "hooks/stdio_stream.h"
#include "hooks/wait.h"
#include "runtime/hub.h"
#include "runtime/sys.h"

namespace weft::hooks {

using runtime::Hub;

namespace {

std::uint32_t flags_of(int open_flags) {
  return FdInfo::kPrivate | ((open_flags & O_NONBLOCK) != 0 ? FdInfo::kNonblocking : 0);
}

int new_pipe(int result, const int* ends, int open_flags) {
  for (int i = 0; result == 0 && i < 2; ++i) {
    adopt(ends[i], Kind::kPipe, flags_of(open_flags));
    // A packet's end is a short read, too.
    runtime::FdSlot* const slot =
        (open_flags & O_DIRECT) != 0 ? runtime::fd_slot(ends[i]) : nullptr;
    if (slot != nullptr) {
      slot->forbid_shortcut();
    }
  }
  return result;
}

// Duplicating onto a number closes what was there. Ours are not the program's to close.
template <class Next>
int duplicate_onto(int from, int to, Next next) {
  if (Hub::owns(to)) {
    return static_cast<int>(to_libc(-EBUSY));
  }
  if (from == to) {
    return next();
  }
  forget(to);
  const int result = next();
  return result < 0 ? result : share(from, result);
}

int duplicate(int from, int result) { return result < 0 ? result : share(from, result); }

template <class Next>
int control(int fd, int command, void* argument, const Next& next) {
  if (waits_for_lock(command)) {
    return lock_region(kRegionCall, fd, command, argument,
                       [&, fd, command, argument] { return next(fd, command, argument); });
  }
  const int result = next(fd, command, argument);
  if (result < 0) {
    return result;
  }
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
    return share(fd, result);
  }
  if (command == F_SETFL) {
    set_flag(fd, FdInfo::kNonblocking,
             (reinterpret_cast<std::uintptr_t>(argument) & O_NONBLOCK) != 0);
  }
  return result;
}

int device_control(int fd, unsigned long request, void* argument) {
  const int result = real::ioctl(fd, request, argument);
  if (result == 0 && request == FIONBIO && argument != nullptr) {
    set_flag(fd, FdInfo::kNonblocking, *static_cast<const int*>(argument) != 0);
  }
  return result;
}

FILE* adopt_stream(FILE* stream) {
  if (stream != nullptr) {
    adopt(::fileno(stream));
  }
  return stream;
}

constexpr int kCreat = O_CREAT | O_WRONLY | O_TRUNC;

template <class Next>
int open_file(int at, const char* path, int open_flags, Next next) {
  return adopt(open_path(at, path, open_flags, next));
}

// freopen may have no path: it changes the mode of what is open.
template <class Next>
FILE* open_stream(const char* path, const char* mode, Next next) {
  return adopt_stream(path == nullptr ? next()
                                      : open_path(AT_FDCWD, path, open_flags_of(mode), next));
}

// The readers and writers that wait for it let go of the FILE first; what waits for the rest to be
// written watches the descriptor anew.
FILE* end_stream(FILE* stream) {
  if (stream != nullptr && is_on(Group::kIo)) {
    const int fd = ::fileno(stream);
    forget(fd);
    Stream(stream).await_room();
    forget(fd);
  }
  return stream;
}

// Waits for the program behind the stream.
int end_command(FILE* stream) {
  const auto next = [=] { return real::pclose(stream); };
  return cooperative(Group::kProcess) == nullptr ? next() : block(next);
}

}  // namespace

int close_number(int fd) {
  if (Hub::owns(fd)) {
    return static_cast<int>(to_libc(-EBADF));
  }
  forget(fd);
  return real::close(fd);
}

// Ours lie in a gap of the range.
int close_numbers(unsigned first, unsigned last, int flags) {
  if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
    return real::close_range(first, last, flags);
  }
  runtime::for_each_fd_slot([=](int fd, runtime::FdSlot& slot) {
    const auto number = static_cast<unsigned>(fd);
    if (number >= first && number <= last && slot.tag.load() != 0 && !Hub::owns(fd)) {
      forget(fd);
    }
  });
  int result = 0;
  Hub::for_each_own([&](unsigned own) {
    if (own >= first && own <= last) {
      result = own > first ? real::close_range(first, own - 1, flags) : result;
      first = own + 1;
    }
  });
  return first <= last && result == 0 ? real::close_range(first, last, flags) : result;
}

#define WEFT_OPTIONAL_MODE(flags)                                  \
  va_list optional;                                                \
  va_start(optional, flags);                                       \
  void* const mode = va_arg(optional, void*); /* present or not */ \
  va_end(optional)
#define WEFT_OPTIONAL_ARGUMENT(last)                                   \
  va_list optional;                                                    \
  va_start(optional, last);                                            \
  void* const argument = va_arg(optional, void*); /* present or not */ \
  va_end(optional)

// clang-format off
extern "C" {
// symbol, signature                                        how               next definition
int   pipe          (int* ends)                            { return new_pipe(real::pipe(ends), ends, 0); }
int   pipe2         (int* ends, int f)                     { return new_pipe(real::pipe2(ends, f), ends, f); }
int   eventfd       (unsigned value, int f)                { return adopt(real::eventfd(value, f), Kind::kNowait, flags_of(f)); }
int   timerfd_create(int clock, int f)                     { return adopt(real::timerfd_create(clock, f), Kind::kNowait, flags_of(f)); }
int   signalfd      (int fd, const sigset_t* mask, int f)  { return fd == -1 ? adopt(real::signalfd(fd, mask, f)) : real::signalfd(fd, mask, f); }
int   inotify_init  ()                                     { return adopt(real::inotify_init()); }
int   inotify_init1 (int f)                                { return adopt(real::inotify_init1(f)); }
int   memfd_create  (const char* name, unsigned f)         { return adopt(real::memfd_create(name, f)); }
int   epoll_create  (int size)                             { return adopt(real::epoll_create(size)); }
int   epoll_create1 (int f)                                { return adopt(real::epoll_create1(f)); }
int   open          (const char* path, int f, ...)         { WEFT_OPTIONAL_MODE(f); return open_file(AT_FDCWD, path, f, [=] { return real::open(path, f, mode); }); }
int   open64        (const char* path, int f, ...)         { WEFT_OPTIONAL_MODE(f); return open_file(AT_FDCWD, path, f, [=] { return real::open64(path, f, mode); }); }
int   __open        (const char* path, int f, ...)         { WEFT_OPTIONAL_MODE(f); return open_file(AT_FDCWD, path, f, [=] { return real::open(path, f, mode); }); }
int   __open64      (const char* path, int f, ...)         { WEFT_OPTIONAL_MODE(f); return open_file(AT_FDCWD, path, f, [=] { return real::open64(path, f, mode); }); }
int   openat        (int at, const char* path, int f, ...) { WEFT_OPTIONAL_MODE(f); return open_file(at, path, f, [=] { return real::openat(at, path, f, mode); }); }
int   openat64      (int at, const char* path, int f, ...) { WEFT_OPTIONAL_MODE(f); return open_file(at, path, f, [=] { return real::openat64(at, path, f, mode); }); }
int   __open_2      (const char* path, int f)              { return open_file(AT_FDCWD, path, f, [=] { return real::open(path, f, nullptr); }); }
int   __open64_2    (const char* path, int f)              { return open_file(AT_FDCWD, path, f, [=] { return real::open64(path, f, nullptr); }); }
int   __openat_2    (int at, const char* path, int f)      { return open_file(at, path, f, [=] { return real::openat(at, path, f, nullptr); }); }
int   __openat64_2  (int at, const char* path, int f)      { return open_file(at, path, f, [=] { return real::openat64(at, path, f, nullptr); }); }
int   creat         (const char* path, mode_t mode)        { return open_file(AT_FDCWD, path, kCreat, [=] { return real::creat(path, mode); }); }
int   creat64       (const char* path, mode_t mode)        { return open_file(AT_FDCWD, path, kCreat, [=] { return real::creat64(path, mode); }); }
FILE* fopen         (const char* path, const char* mode)   { return open_stream(path, mode, [=] { return real::fopen(path, mode); }); }
FILE* fopen64       (const char* path, const char* mode)   { return open_stream(path, mode, [=] { return real::fopen64(path, mode); }); }
FILE* freopen       (const char* path, const char* mode, FILE* f) { return open_stream(path, mode, [=] { return real::freopen(path, mode, end_stream(f)); }); }
FILE* freopen64     (const char* path, const char* mode, FILE* f) { return open_stream(path, mode, [=] { return real::freopen64(path, mode, end_stream(f)); }); }
FILE* popen         (const char* command, const char* mode) { return adopt_stream(made_child(real::popen(command, mode))); }
int   pclose        (FILE* f)                              { return end_command(end_stream(f)); }
int   fclose        (FILE* f)                              { return real::fclose(end_stream(f)); }
int   dup           (int fd)                               { return duplicate(fd, real::dup(fd)); }
int   dup2          (int fd, int to)                       { return duplicate_onto(fd, to, [=] { return real::dup2(fd, to); }); }
int   dup3          (int fd, int to, int f)                { return duplicate_onto(fd, to, [=] { return real::dup3(fd, to, f); }); }
int   close         (int fd)                               { return close_number(fd); }
int   __close       (int fd)                               { return close_number(fd); }
int   close_range   (unsigned first, unsigned last, int f) { return close_numbers(first, last, f); }
void  closefrom     (int first)                            { close_numbers(static_cast<unsigned>(first < 0 ? 0 : first), ~0U, 0); }
int   fcntl         (int fd, int command, ...)             { WEFT_OPTIONAL_ARGUMENT(command); return control(fd, command, argument, real::fcntl); }
int   __fcntl       (int fd, int command, ...)             { WEFT_OPTIONAL_ARGUMENT(command); return control(fd, command, argument, real::fcntl); }
int   fcntl64       (int fd, int command, ...)             { WEFT_OPTIONAL_ARGUMENT(command); return control(fd, command, argument, real::fcntl64); }
int   ioctl         (int fd, unsigned long request, ...)   { WEFT_OPTIONAL_ARGUMENT(request); return device_control(fd, request, argument); }
}
// clang-format on

}  // namespace weft::hooks

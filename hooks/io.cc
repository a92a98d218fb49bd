// io.cc: read, write and their relatives, as a table.
#include "hooks/io.h"

#include <limits.h>
#include <sys/sendfile.h>

#include <algorithm>

#include "hooks/attempt.h"
#include "hooks/file.h"
#include "hooks/iov.h"
#include "hooks/real.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

extern "C" [[noreturn]] void __chk_fail();

namespace weft::hooks {

namespace sys = runtime::sys;
using attempt::Target;

namespace {

ssize_t read_some(int fd, void* p, std::size_t n) {
  if (n == 0) {  // a socket's zero-length read returns at once, whatever is queued
    return real::read(fd, p, n);
  }
  Wait wait = readable(fd);
  return once(
      wait, n, [=](Target& t) { return attempt::read(t, p, n); },
      [&] {
        return io_on_disk(fd, [&] { return next_of(wait, SYS_read, real::read, fd, p, n); });
      });
}

ssize_t readv_some(int fd, const iovec* v, int n) {
  if (n <= 0 || n > IOV_MAX) {
    return real::readv(fd, v, n);
  }
  const std::size_t length = length_of(v, static_cast<std::size_t>(n));
  if (length == 0) {
    return real::readv(fd, v, n);
  }
  Wait wait = readable(fd);
  return once(
      wait, length, [=](Target& t) { return attempt::readv(t, v, n); },
      [&] {
        return io_on_disk(fd, [&] { return next_of(wait, SYS_readv, real::readv, fd, v, n); });
      });
}

}  // namespace

ssize_t write_all(int fd, const void* p, std::size_t n) {
  const auto* bytes = static_cast<const char*>(p);
  Wait wait = writable(fd);
  return whole(
      wait, n,
      [=](Target& t, std::size_t done) { return attempt::write(t, bytes + done, n - done); },
      [&] {
        return io_on_disk(fd, [&] { return next_of(wait, SYS_write, real::write, fd, p, n); });
      });
}

namespace {

ssize_t writev_all(int fd, const iovec* v, int n) {
  if (n <= 0 || n > IOV_MAX) {
    return real::writev(fd, v, n);
  }
  const auto count = static_cast<std::size_t>(n);
  Wait wait = writable(fd);
  return whole(
      wait, length_of(v, count),
      [=](Target& t, std::size_t done) {
        const IovRest rest(v, count, done);
        return attempt::writev(t, rest.parts(), static_cast<int>(rest.count()));
      },
      [&] {
        return io_on_disk(fd, [&] { return next_of(wait, SYS_writev, real::writev, fd, v, n); });
      });
}

// preadv2 and pwritev2 at "the current position" without flags are readv and writev; else they are
// positional, or say themselves whether they may wait.
template <class Whole, class Next>
ssize_t at_position(off_t offset, int flags, Whole whole_call, Next next) {
  return offset == -1 && flags == 0 ? whole_call() : next();
}

ssize_t read_checked(int fd, void* p, std::size_t n, std::size_t size) {
  return n > size ? (__chk_fail(), -1) : read_some(fd, p, n);
}

int eventfd_read_value(int fd, eventfd_t* value) {
  const ssize_t got = read_some(fd, value, sizeof *value);
  return got == static_cast<ssize_t>(sizeof *value) ? 0 : -1;
}

int eventfd_write_value(int fd, eventfd_t value) {
  const ssize_t got = write_all(fd, &value, sizeof value);
  return got == static_cast<ssize_t>(sizeof value) ? 0 : -1;
}

// sendfile has no per-call way not to block. Read from the file, which does not block as far as
// poll is concerned, and send. One chunk; the count of bytes sent, or -errno.
long send_chunk(Target& out, int in, off_t at, std::size_t count) {
  char buffer[8192];  // NOLINT: filled by the kernel
  const long got = sys::call(SYS_pread64, in, buffer, std::min(count, sizeof buffer), at);
  return got <= 0 ? got : attempt::write(out, buffer, static_cast<std::size_t>(got));
}

template <class Next>
ssize_t send_file(int out, int in, off_t* offset, std::size_t count, Next next) {
  Wait wait = writable(out);
  if (!wait.is_cooperative() || !is_plain(in)) {
    return next();
  }
  const off_t start = offset != nullptr ? *offset : ::lseek(in, 0, SEEK_CUR);
  if (start < 0) {
    return next();
  }
  const ssize_t sent = whole(
      wait, count,
      [&](Target& t, std::size_t done) {
        return send_chunk(t, in, start + static_cast<off_t>(done), count - done);
      },
      next);
  if (sent > 0 && offset != nullptr) {
    *offset = start + sent;
  } else if (sent > 0) {
    ::lseek(in, start + sent, SEEK_SET);
  }
  return sent;
}

// The end that has to be waited for: the result of splice does not say. Null if both are ready.
Wait* blocked_end(Wait& reading, Wait& writing) {
  if (reading.is_cooperative()) {
    reading.begin();
    if (!attempt::is_ready(reading.target().fd, POLLIN)) {
      return &reading;
    }
  }
  if (writing.is_cooperative()) {
    writing.begin();
    if (!attempt::is_ready(writing.target().fd, POLLOUT)) {
      return &writing;
    }
  }
  return nullptr;
}

// Then the kernel waits for neither.
bool is_pipe_set_nonblocking(const Wait& reading, const Wait& writing) {
  const auto is_pipe = [](const Wait& wait) { return wait.kind() == Kind::kPipe; };
  return is_pipe(reading) && is_pipe(writing) &&
         (reading.program_set_nonblocking() || writing.program_set_nonblocking());
}

// SPLICE_F_NONBLOCK speaks of the pipe ends only, so both are asked first.
ssize_t splice_some(int in, off64_t* in_at, int out, off64_t* out_at, std::size_t n,
                    unsigned flags) {
  Wait reading = readable(in);
  Wait writing = writable(out);
  const bool may_park = (reading.is_cooperative() || writing.is_cooperative()) &&
                        !is_pipe_set_nonblocking(reading, writing);
  if ((flags & SPLICE_F_NONBLOCK) != 0 || !may_park) {
    return real::splice(in, in_at, out, out_at, n, flags);
  }
  for (;;) {
    Wait* blocked = blocked_end(reading, writing);
    if (blocked == nullptr) {
      const long result =
          sys::call(SYS_splice, in, in_at, out, out_at, n, flags | SPLICE_F_NONBLOCK);
      if (result != -EAGAIN) {
        return to_libc(result);
      }
      blocked = writing.is_cooperative() ? &writing : &reading;
    }
    if (const int error = blocked->park()) {
      return error == EPERM ? real::splice(in, in_at, out, out_at, n, flags) : to_libc(-error);
    }
  }
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                    how
ssize_t read        (int fd, void* p, size_t n)                        { return read_some   (fd, p, n); }
ssize_t __read      (int fd, void* p, size_t n)                        { return read_some   (fd, p, n); }
ssize_t __read_chk  (int fd, void* p, size_t n, size_t size)           { return read_checked(fd, p, n, size); }
ssize_t readv       (int fd, const iovec* v, int n)                    { return readv_some  (fd, v, n); }
ssize_t write       (int fd, const void* p, size_t n)                  { return write_all   (fd, p, n); }
ssize_t __write     (int fd, const void* p, size_t n)                  { return write_all   (fd, p, n); }
ssize_t writev      (int fd, const iovec* v, int n)                    { return writev_all  (fd, v, n); }
ssize_t preadv2     (int fd, const iovec* v, int n, off_t at, int f)   { return at_position (at, f, [=] { return readv_some(fd, v, n); }, [=] { return io_on_disk(fd, [=] { return real::preadv2(fd, v, n, at, f); }); }); }
ssize_t preadv64v2  (int fd, const iovec* v, int n, off64_t at, int f) { return at_position (at, f, [=] { return readv_some(fd, v, n); }, [=] { return io_on_disk(fd, [=] { return real::preadv64v2(fd, v, n, at, f); }); }); }
ssize_t pwritev2    (int fd, const iovec* v, int n, off_t at, int f)   { return at_position (at, f, [=] { return writev_all(fd, v, n); }, [=] { return io_on_disk(fd, [=] { return real::pwritev2(fd, v, n, at, f); }); }); }
ssize_t pwritev64v2 (int fd, const iovec* v, int n, off64_t at, int f) { return at_position (at, f, [=] { return writev_all(fd, v, n); }, [=] { return io_on_disk(fd, [=] { return real::pwritev64v2(fd, v, n, at, f); }); }); }
int     eventfd_read (int fd, eventfd_t* value)                        { return eventfd_read_value (fd, value); }
int     eventfd_write(int fd, eventfd_t value)                         { return eventfd_write_value(fd, value); }
ssize_t sendfile    (int out, int in, off_t* at, size_t n)             { return send_file   (out, in, at, n, [=] { return real::sendfile(out, in, at, n); }); }
ssize_t sendfile64  (int out, int in, off64_t* at, size_t n)           { return send_file   (out, in, at, n, [=] { return real::sendfile64(out, in, at, n); }); }
ssize_t splice      (int in, off64_t* ia, int out, off64_t* oa, size_t n, unsigned f) { return splice_some(in, ia, out, oa, n, f); }
}
// clang-format on

}  // namespace weft::hooks

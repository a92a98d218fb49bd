#include "hooks/stdio_stream.h"

#include <limits.h>
#include <poll.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <cwchar>

#include "hooks/attempt.h"
#include "hooks/block.h"
#include "hooks/fd_table.h"
#include "hooks/io.h"
#include "hooks/real.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

extern "C" void _IO_doallocbuf(FILE* file);

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// Bits of FILE::_flags (glibc: libio/libio.h); the others are public.
constexpr int kUnbuffered = 0x0002;
constexpr int kNoReads = 0x0004;
constexpr int kNoWrites = 0x0008;
constexpr int kLinked = 0x0080;
constexpr int kInBackup = 0x0100;
constexpr int kLineBuffered = 0x0200;
constexpr int kPutting = 0x0800;
constexpr int kHasDescriptor = 0x2000;  // _IO_IS_FILEBUF: not one of memory

// glibc: struct _IO_wide_data begins so.
struct WideBuffer {
  wchar_t* read_next;
  wchar_t* read_end;
  wchar_t* read_base;
  wchar_t* write_base;
  wchar_t* write_next;
  wchar_t* write_end;
  wchar_t* base;
  wchar_t* end;
};

bool is_wide(const FILE& file) { return file._mode > 0; }

const WideBuffer& wide_buffer_of(const FILE& file) {
  return *reinterpret_cast<const WideBuffer*>(file._wide_data);
}

bool can_wait_for(const FILE& file) {
  if ((file._flags & kHasDescriptor) == 0 || file._fileno < 0) {
    return false;
  }
  runtime::FdSlot* const slot = runtime::fd_slot(file._fileno);
  if (slot == nullptr) {
    return false;
  }
  const Kind kind = info_of(file._fileno, *slot).kind();
  return kind != Kind::kUnknown && kind != Kind::kPlain;
}

// 0 once poll says so; EPERM: only blocking can wait for this.
int await(Wait& wait, short events) {
  if (!wait.is_cooperative()) {
    return 0;
  }
  test_cancel();
  for (;;) {
    wait.begin();
    if (!wait.is_drained() && attempt::is_ready(wait.target().fd, events)) {
      return 0;
    }
    if (const int error = wait.park()) {
      return error == EPERM ? 0 : error;
    }
  }
}

}  // namespace

Stream::Stream(FILE* file, Lock lock) : file_(file) {
  const runtime::Fiber* const self = cooperative(Group::kStdio);
  if (self == nullptr || !self->own_tls) {
    return;
  }
  if (lock == Lock::kTake && !has_flag(_IO_USER_LOCK) && file->_lock != nullptr) {
    stdio::lock(file);
    is_locked_ = true;
  }
  may_wait_ = can_wait_for(*file);
}

Stream::~Stream() {
  if (is_locked_) {
    stdio::unlock(file_);
  }
}

bool Stream::has_input() const {
  const bool has_bytes =
      !buffered().empty() || (has_flag(kInBackup) && file_->_IO_save_base < file_->_IO_save_end);
  if (!is_wide(*file_)) {
    return has_bytes;
  }
  const WideBuffer& wide = wide_buffer_of(*file_);
  return has_bytes || wide.read_next < wide.read_end;
}

// Else libc says at once what is the matter. The end of a file is final.
bool Stream::asks_descriptor() const {
  return may_wait_ && !has_input() && !has_flag(_IO_EOF_SEEN | kNoReads);
}

// What libc does before it reads, since others may wait for that: it writes what was put, and what
// a prompt has left in standard output.
bool Stream::prepare_input() {
  if (has_flag(kPutting) && !flush()) {
    return false;
  }
  if (file_->_IO_buf_base == nullptr) {
    ::_IO_doallocbuf(file_);
  }
  constexpr int kMask = kLinked | kNoWrites | kLineBuffered;
  if (has_flag(kLineBuffered | kUnbuffered) && file_ != stdout &&
      (stdout->_flags & kMask) == (kLinked | kLineBuffered)) {
    Stream(stdout).flush();
  }
  return true;
}

// Until libc's read would not wait.
bool Stream::await_read(Wait& wait) {
  if (!prepare_input()) {
    return false;
  }
  const int error = await(wait, POLLIN);
  if (error != 0) {
    fail(error);
  }
  return error == 0;
}

bool Stream::await_input() {
  if (!asks_descriptor()) {
    return true;
  }
  Wait wait = readable(file_->_fileno, 0, Group::kStdio);
  if (!await_read(wait)) {
    return false;
  }
  if (wait.is_cooperative()) {
    wait.succeeded(0, 0);
  }
  return true;
}

bool Stream::refill() {
  if (!asks_descriptor()) {
    return real::__underflow(file_) != EOF;
  }
  Wait wait = readable(file_->_fileno, 0, Group::kStdio);
  if (!await_read(wait)) {
    return false;
  }
  const bool found = real::__underflow(file_) != EOF;
  if (wait.is_cooperative()) {
    wait.succeeded(static_cast<long>(buffered().size()), buffer_size());
  }
  return found;
}

// libc reads what is less than a buffer by way of that: a buffer at a time, which ends with what is
// there. What is more it reads past the buffer, until it has all: then it must not ask for more
// than is there.
std::size_t Stream::part_ready(std::size_t wanted) const {
  if (!buffered().empty()) {
    return std::min(wanted, buffered().size());
  }
  int ready = 0;
  if (wanted >= buffer_size()) {
    sys::call(SYS_ioctl, file_->_fileno, FIONREAD, &ready);
  }
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(ready, 0)), 1, wanted);
}

// What libc itself takes for an error of read(2) and write(2).
void Stream::fail(int error) {
  file_->_flags |= _IO_ERR_SEEN;
  errno = error;
}

std::size_t Stream::pending() const {
  return is_wide(*file_) ? ::__fpending(file_) * sizeof(wchar_t)
                         : static_cast<std::size_t>(file_->_IO_write_ptr - file_->_IO_write_base);
}

void Stream::prepare_output() {
  if (file_->_IO_buf_base == nullptr) {
    const int saved_errno = errno;
    ::_IO_doallocbuf(file_);
    errno = saved_errno;
  }
}

std::size_t Stream::room() const {
  if (is_wide(*file_)) {
    const WideBuffer& wide = wide_buffer_of(*file_);
    return static_cast<std::size_t>(wide.end - (has_flag(kPutting) ? wide.write_next : wide.base));
  }
  const char* const at = has_flag(kPutting) ? file_->_IO_write_ptr : file_->_IO_buf_base;
  return static_cast<std::size_t>(file_->_IO_buf_end - at);
}

bool Stream::would_flush(std::size_t size, bool ends_line) const {
  return !has_flag(kNoWrites) &&
         (has_flag(kUnbuffered) || (ends_line && has_flag(kLineBuffered)) || size > room());
}

int Stream::park_for_output() {
  Wait wait = writable(file_->_fileno, 0, Group::kStdio);
  const int error = await(wait, POLLOUT);
  if (error == 0 && wait.is_cooperative()) {
    wait.succeeded(0, 0);
  }
  return error;
}

bool Stream::await_output() {
  const int error = may_wait_ ? park_for_output() : 0;
  if (error != 0) {
    ::__fpurge(file_);
    fail(error);
  }
  return error == 0;
}

void Stream::await_room() {
  if (may_wait_ && pending() > 0) {
    park_for_output();
  }
}

// Ready for writing promises room for a piece of PIPE_BUF bytes, and no more.
bool Stream::flush() {
  const std::size_t size = pending();
  if (size == 0) {
    return true;
  }
  if (!await_output()) {
    return false;
  }
  const auto write = [this] { return real::fflush_unlocked(file_); };
  return (size > PIPE_BUF ? block(write) : write()) == 0;
}

// Where the position matters libc keeps track of it.
bool Stream::can_put_directly(std::size_t size) const {
  return size > PIPE_BUF && size >= buffer_size() && room() < 2 && has_flag(kPutting) &&
         file_->_mode < 0 && file_->_offset == -1;
}

// Around the buffer, as libc does with what is larger than that: whole buffers of it.
std::size_t Stream::put_directly(const char* bytes, std::size_t size) {
  if (!flush()) {
    return 0;
  }
  const ssize_t wrote = write_all(file_->_fileno, bytes, size - size % buffer_size());
  if (wrote < 0) {
    fail(errno);
  }
  return static_cast<std::size_t>(std::max<ssize_t>(wrote, 0));
}

// First what there is room for: so much, and no more, libc puts without writing.
std::size_t Stream::put_piece(const char* bytes, std::size_t size) {
  const std::size_t free = room();
  const std::size_t piece = std::min<std::size_t>(size, free > 1 ? free : PIPE_BUF);
  const bool ends_line = has_flag(kLineBuffered) && std::memchr(bytes, '\n', piece) != nullptr;
  if (would_flush(piece, ends_line) && !(pending() > 0 ? flush() : await_output())) {
    return 0;
  }
  return real::fwrite_unlocked(bytes, 1, piece, file_);
}

std::size_t Stream::put(const char* bytes, std::size_t size) {
  prepare_output();
  std::size_t done = 0;
  while (done < size) {
    const std::size_t rest = size - done;
    const std::size_t got =
        can_put_directly(rest) ? put_directly(bytes + done, rest) : put_piece(bytes + done, rest);
    if (got == 0) {
      break;
    }
    done += got;
  }
  return done;
}

}  // namespace weft::hooks

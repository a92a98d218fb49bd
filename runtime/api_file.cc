#include <sys/stat.h>
#include <unistd.h>
#include <weft/blocking.h>
#include <weft/detail/shielded.h>
#include <weft/file.h>
#include <weft/wait_fd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fd_call.h"
#include "runtime/file_io.h"
#include "runtime/sys.h"

namespace weft {

namespace sys = runtime::sys;
using runtime::Direction;
using runtime::FdSlot;

using detail::checked;

namespace {

constexpr const char* kRead = "weft::File: read";
constexpr const char* kWrite = "weft::File: write";

// Tries until the kernel has something else to say than that one has to wait.
template <class Try>
long wait_until_done(int fd, Direction direction, const char* call, Try attempt) {
  FdSlot* const slot = runtime::fd_slot(fd);
  if (slot == nullptr) {
    detail::throw_errno(ENOMEM, call);
  }
  for (;;) {
    const std::uint32_t seen = slot->edges(direction);
    const long result = attempt();
    if (result != -EAGAIN) {
      return result;
    }
    detail::await_edge(fd, *slot, direction, seen, detail::kNever, call);
  }
}

// What a read takes of the bytes read ahead.
struct Piece {
  std::size_t size;
  bool is_last;
};

template <class Call>
long in_file_way(bool offload, Call call) {
  return offload ? weft::blocking(call) : call();
}

// The ways. A regular file is never waited for by epoll; what lies in memory is taken at once
// (RWF_NOWAIT, about the price of a read), and what does not is left to another kernel thread. So
// are writes of what cannot say whether they would wait: a terminal, some file systems. whole()
// waits if it has to, at_once() never does.
template <class Way, class Whole, class AtOnce>
long by_way(Way way, int fd, Direction direction, const char* call, Whole whole, AtOnce at_once) {
  long result = -EOPNOTSUPP;
  switch (way) {
    case Way::kWait:
      result = wait_until_done(fd, direction, call, at_once);
      if (result == -EOPNOTSUPP &&
          direction == Direction::kRead) {  // a terminal, or a fifo with a name
        wait_fd(fd, FdEvent::kReadable);
        result = whole();
      }
      break;
    case Way::kNonblock:
      result = wait_until_done(fd, direction, call, whole);
      break;
    case Way::kMemory:
      result = at_once();
      break;
    default:
      break;
  }
  return result == -EOPNOTSUPP || result == -EAGAIN ? in_file_way(way != Way::kBlock, whole)
                                                    : result;
}

}  // namespace

std::size_t File::read_now(void* room, std::size_t size, off_t offset) const {
  detail::take_turn();
  const auto whole = [&] { return detail::read_at(fd_, room, size, offset); };
  const auto at_once = [&] { return detail::read_at_once(fd_, room, size, offset); };
  const long result = by_way(way_, fd_, Direction::kRead, kRead, whole, at_once);
  return static_cast<std::size_t>(checked(result, kRead));
}

std::size_t File::write_now(const void* bytes, std::size_t size, off_t offset) const {
  detail::take_turn();
  const auto silently = [this](auto call) {
    if (!is_pipe_) {
      return call();
    }
    return detail::without_sigpipe(call);
  };
  const auto whole = [&] {
    return silently([&] { return detail::write_at(fd_, bytes, size, offset); });
  };
  const auto at_once = [&] {
    return silently([&] { return detail::write_at_once(fd_, bytes, size, offset); });
  };
  const long result = by_way(way_, fd_, Direction::kWrite, kWrite, whole, at_once);
  return static_cast<std::size_t>(checked(result, kWrite));
}

// ---- Its life

File File::open(const std::string& path, int flags, const FileOptions& options) {
  const auto call = [&] {
    long fd = 0;
    do {
      fd = sys::call(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, options.permissions);
    } while (fd == -EINTR);
    return fd;
  };
  const long fd = in_file_way(options.policy != FilePolicy::kBlock, call);
  return from_fd(static_cast<int>(checked(fd, ("weft::File: open '" + path + "'").c_str())),
                 options);
}

File File::from_fd(int fd, const FileOptions& options) { return File(fd, options); }

File::File(int fd, const FileOptions& options)
    : buffer_bytes_(std::max<std::size_t>(options.buffer_bytes, 1)) {
  struct stat status = {};
  checked(sys::call(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH), "weft::File: fstat");
  is_pipe_ = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  switch (options.policy) {
    case FilePolicy::kAutomatic:
      way_ = is_pipe_ || S_ISCHR(status.st_mode) ? Way::kWait : Way::kMemory;
      break;
    case FilePolicy::kNonblock:
      way_ = Way::kNonblock;
      checked(
          sys::call(SYS_fcntl, fd, F_SETFL,
                    checked(sys::call(SYS_fcntl, fd, F_GETFL), "weft::File: fcntl") | O_NONBLOCK),
          "weft::File: fcntl");
      break;
    case FilePolicy::kOffload:
      way_ = Way::kOffload;
      break;
    case FilePolicy::kBlock:
      way_ = Way::kBlock;
      break;
  }
  detail::adopt_fd(fd);
  fd_ = fd;
}

void File::swap(File& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(way_, other.way_);
  std::swap(is_pipe_, other.is_pipe_);
  std::swap(buffer_bytes_, other.buffer_bytes_);
  std::swap(ahead_, other.ahead_);
  std::swap(taken_, other.taken_);
  std::swap(unwritten_, other.unwritten_);
}

File& File::operator=(File&& other) noexcept {
  File taken(std::move(other));
  swap(taken);
  return *this;
}

File::~File() {
  const detail::Shielded shielded;
  try {
    close();
  } catch (...) {  // NOLINT(bugprone-empty-catch): a destructor has nobody to tell
  }
}

void File::check_open() const {
  if (fd_ < 0) {
    detail::throw_errno(EBADF, "weft::File");
  }
}

int File::release() {
  flush();
  const int fd = std::exchange(fd_, -1);
  detail::forget_fd(fd, true);
  *this = File();
  return fd;
}

void File::drop() noexcept {
  const int fd = std::exchange(fd_, -1);
  if (fd >= 0) {
    if (way_ == Way::kNonblock && !unwritten_.empty()) {
      detail::without_sigpipe([&] {
        return detail::write_at(fd, unwritten_.data(), unwritten_.size(), detail::kAtPosition);
      });
    }
    detail::forget_fd(fd, true);
    sys::call(SYS_close, fd);
  }
  unwritten_.clear();
  ahead_.clear();
  taken_ = 0;
}

void File::close() {
  if (fd_ < 0) {
    return;
  }
  // NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): local, never copied
  struct Closes {
    File& file;
    ~Closes() { file.drop(); }
  };
  const Closes closes{*this};
  flush();
}

// ---- Reading and writing, through the buffers

bool File::fill() {
  if (taken_ < ahead_.size()) {
    return true;
  }
  flush();
  check_open();
  std::string piece(buffer_bytes_, '\0');
  piece.resize(read_now(piece.data(), piece.size(), detail::kAtPosition));
  ahead_ = std::move(piece);
  taken_ = 0;
  return !ahead_.empty();
}

std::size_t File::read_some(std::span<char> room) {
  check_open();
  if (taken_ == ahead_.size() && room.size() >= buffer_bytes_) {
    flush();
    return read_now(room.data(), room.size(), detail::kAtPosition);
  }
  if (room.empty() || !fill()) {
    return 0;
  }
  const std::size_t count = std::min(room.size(), ahead_.size() - taken_);
  std::copy_n(ahead_.data() + taken_, count, room.data());
  taken_ += count;
  return count;
}

// Reads on until `choose(bytes so far)` has taken its last piece of what was read ahead. When the
// wait for more is called off, the next read begins with what there is.
template <class Choose>
std::string File::gather(Choose choose) {
  std::string all;
  try {
    for (bool is_last = false; !is_last && fill();) {
      const Piece piece = choose(all.size());
      all.append(ahead_, taken_, piece.size);
      taken_ += piece.size;
      is_last = piece.is_last;
    }
  } catch (...) {
    ahead_ = std::move(all);
    taken_ = 0;
    throw;
  }
  return all;
}

std::string File::read(std::size_t most) {
  if (most == 0) {
    return {};
  }
  return gather([this, most](std::size_t so_far) {
    const std::size_t size = std::min(most - so_far, ahead_.size() - taken_);
    return Piece{size, so_far + size == most};
  });
}

std::string File::read_all() { return read(std::string::npos); }

std::optional<std::string> File::read_line() {
  std::string line = gather([this](std::size_t) {
    const std::size_t end = ahead_.find('\n', taken_);
    return end == std::string::npos ? Piece{ahead_.size() - taken_, false}
                                    : Piece{end + 1 - taken_, true};
  });
  return line.empty() ? std::nullopt : std::optional(std::move(line));
}

// What was read ahead would be skipped by a write: back to where the reader is.
void File::forget_ahead() {
  if (taken_ < ahead_.size() && way_ != Way::kWait && !is_pipe_) {
    const auto left = static_cast<off_t>(ahead_.size() - taken_);
    checked(sys::call(SYS_lseek, fd_, -left, SEEK_CUR), "weft::File: lseek");
    ahead_.clear();
    taken_ = 0;
  }
}

void File::write(std::string_view bytes) {
  check_open();
  forget_ahead();
  unwritten_.append(bytes);
  if (unwritten_.size() >= buffer_bytes_) {
    flush();
  }
}

void File::flush() {
  check_open();
  std::size_t written = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): local, never copied
  struct Erases {
    std::string& text;
    std::size_t& count;
    ~Erases() { text.erase(0, count); }
  };
  const Erases erases{unwritten_, written};
  while (written < unwritten_.size()) {
    written +=
        write_now(unwritten_.data() + written, unwritten_.size() - written, detail::kAtPosition);
  }
}

void File::sync() {
  flush();
  checked(in_file_way(way_ != Way::kBlock, [this] { return sys::call(SYS_fsync, fd_); }),
          "weft::File: fsync");
}

// ---- Places in regular files

std::size_t File::pread(std::span<char> room, off_t offset) const {
  check_open();
  std::size_t got = 0;
  while (got < room.size()) {
    const std::size_t count =
        read_now(room.data() + got, room.size() - got, offset + static_cast<off_t>(got));
    if (count == 0) {
      break;
    }
    got += count;
  }
  return got;
}

void File::pwrite(std::string_view bytes, off_t offset) const {
  check_open();
  while (!bytes.empty()) {
    const std::size_t count = write_now(bytes.data(), bytes.size(), offset);
    bytes.remove_prefix(count);
    offset += static_cast<off_t>(count);
  }
}

off_t File::seek(off_t offset, int whence) {
  flush();
  forget_ahead();
  return checked(sys::call(SYS_lseek, fd_, offset, whence), "weft::File: lseek");
}

off_t File::tell() { return seek(0, SEEK_CUR); }

void File::truncate(off_t size) {
  flush();
  forget_ahead();
  checked(in_file_way(way_ != Way::kBlock, [&] { return sys::call(SYS_ftruncate, fd_, size); }),
          "weft::File: ftruncate");
}

}  // namespace weft

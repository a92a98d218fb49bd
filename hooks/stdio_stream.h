// stdio_stream.h: a call on a FILE that may have to wait for its descriptor.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("stdio").
#pragma once
#include <stdio.h>

#include <cstddef>
#include <string_view>

#include "hooks/stdio_lock.h"

namespace weft::hooks {

class Wait;

/// One call on a FILE. Where it may park, it holds the FILE's lock as long as it lives: libc's own
/// functions take it again, and find what they need without waiting.
class Stream {
 public:
  enum class Lock { kTake, kByCaller };  // kByCaller: *_unlocked
  explicit Stream(FILE* file, Lock lock = Lock::kTake);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // -- the short way, on any thread: libc's call would neither wait nor make a system call --
  /// Nobody has the lock, or the caller has.
  static bool is_at_hand(FILE* file, Lock lock = Lock::kTake) {
    return lock == Lock::kByCaller || file->_lock == nullptr || stdio::is_at_hand(file);
  }
  static bool has_byte(FILE* file, Lock lock) {
    return file->_IO_read_ptr < file->_IO_read_end && is_at_hand(file, lock);
  }
  /// In a buffer that no end of a line empties.
  static bool has_room(FILE* file, Lock lock, std::size_t size) {
    return file->_IO_write_ptr < file->_IO_write_end &&
           static_cast<std::size_t>(file->_IO_write_end - file->_IO_write_ptr) >= size &&
           is_at_hand(file, lock);
  }

  /// Whether the call may park: on a fiber that should, and on a pipe, socket or terminal. If not,
  /// libc's own function does all of it.
  [[nodiscard]] bool may_wait() const { return may_wait_; }

  // -- reading, where may_wait() --
  /// The bytes that can be read without asking the descriptor.
  [[nodiscard]] std::string_view buffered() const {
    return {file_->_IO_read_ptr,
            static_cast<std::size_t>(file_->_IO_read_end - file_->_IO_read_ptr)};
  }
  void take(std::size_t bytes) { file_->_IO_read_ptr += bytes; }
  /// If nothing is buffered, waits until libc's read would not. False: that failed, as a read in
  /// libc does (error flag, errno).
  bool await_input();
  /// With an empty buffer: waits, and has libc read once. False: end of file or an error.
  bool refill();
  /// After await_input(): how many of `wanted` bytes libc's fread gets with at most one read that
  /// does not wait, or two; at least 1.
  [[nodiscard]] std::size_t part_ready(std::size_t wanted) const;

  // -- writing, where may_wait() --
  /// A FILE of wide characters does not take bytes.
  [[nodiscard]] bool may_wait_with_bytes() const { return may_wait_ && file_->_mode <= 0; }
  /// Gives it a buffer, as libc does with the first byte. errno stays: %m may be to be printed.
  void prepare_output();
  /// Bytes, or wide characters, that can be put without making libc write.
  [[nodiscard]] std::size_t room() const;
  /// Whether putting so much makes libc write. Where this is not certain it says no: what libc
  /// would not wait for must not be waited for.
  [[nodiscard]] bool would_flush(std::size_t size, bool ends_line) const;
  /// Bytes put and not written yet.
  [[nodiscard]] std::size_t pending() const;
  /// Waits until libc can write a piece. False: that failed, as a write in libc does (error flag,
  /// errno, and what was to be written is dropped).
  bool await_output();
  /// If anything is pending, waits until libc can write a piece, or will fail to.
  void await_room();
  /// fwrite(3) of bytes: how many were taken.
  std::size_t put(const char* bytes, std::size_t size);
  bool flush();

 private:
  [[nodiscard]] bool has_flag(int flag) const { return (file_->_flags & flag) != 0; }
  [[nodiscard]] bool has_input() const;
  [[nodiscard]] bool asks_descriptor() const;
  [[nodiscard]] bool can_put_directly(std::size_t size) const;
  std::size_t put_piece(const char* bytes, std::size_t size);
  std::size_t put_directly(const char* bytes, std::size_t size);
  [[nodiscard]] std::size_t buffer_size() const {
    return static_cast<std::size_t>(file_->_IO_buf_end - file_->_IO_buf_base);
  }
  bool prepare_input();
  bool await_read(Wait& wait);
  int park_for_output();
  void fail(int error);

  FILE* file_;
  bool may_wait_ = false;
  bool is_locked_ = false;
};

/// libc's own call, which never waits but for the FILE's lock.
template <class Call>
auto locked(FILE* file, Call call) {
  if (Stream::is_at_hand(file)) {
    return call();
  }
  const Stream stream(file);
  return call();
}

}  // namespace weft::hooks

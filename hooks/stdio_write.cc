// stdio_write.cc: what puts bytes into a FILE, and what makes libc write them, as a table.
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>

#include "hooks/arguments.h"
#include "hooks/block.h"
#include "hooks/io.h"
#include "hooks/real.h"
#include "hooks/stdio_stream.h"
#include "hooks/wait.h"

namespace weft::hooks {

namespace {

using enum Stream::Lock;

// libc's own call, once there is room for a piece; where more than that waits in the buffer,
// without this kernel thread.
template <class Call, class Result>
Result written(Stream& stream, Call call, Result failed) {
  const std::size_t pending = stream.pending();
  if (!stream.await_output()) {
    return failed;
  }
  return pending > PIPE_BUF ? block(call) : call();
}

// libc's own call, which puts `size` bytes.
template <class Call, class Result>
Result with_room(Stream& stream, std::size_t size, bool ends_line, Call call, Result failed) {
  if (!stream.may_wait_with_bytes()) {
    return call();
  }
  stream.prepare_output();
  return stream.would_flush(size, ends_line) ? written(stream, call, failed) : call();
}

template <class Call>
int put_byte(FILE* f, Stream::Lock lock, int c, Call call) {
  if (Stream::has_room(f, lock, 1)) {
    return call();
  }
  Stream stream(f, lock);
  return with_room(stream, 1, c == '\n', call, EOF);
}

template <class Call>
int overflow(FILE* f, int c, Call call) {
  Stream stream(f, kByCaller);
  if (c != EOF) {
    return with_room(stream, 1, c == '\n', call, EOF);
  }
  return stream.may_wait() && stream.pending() > 0 ? written(stream, call, EOF) : call();
}

// How much a format puts is measured where there is little room, and else taken to fit.
template <class Call>
int print(FILE* f, const char* format, va_list list, Call call) {
  constexpr std::size_t kLittle = 512;
  if (Stream::has_room(f, kTake, kLittle)) {
    return call();
  }
  Stream stream(f);
  if (!stream.may_wait_with_bytes()) {
    return call();
  }
  stream.prepare_output();
  std::size_t size = 0;
  const bool ends_line = std::strchr(format, '\n') != nullptr;
  if (!stream.would_flush(0, ends_line) && stream.room() < kLittle) {
    va_list again;
    va_copy(again, list);
    const int length = ::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    size = static_cast<std::size_t>(std::max(length, 0));
  }
  return with_room(stream, size, ends_line, call, -1);
}

// A message to standard error, which has no buffer as a rule.
template <class Call>
void say(Call call) {
  Stream stream(stderr);
  with_room(
      stream, 0, true, [&] { return call(), 0; }, 0);
}

template <class Call>
std::size_t write_items(FILE* f, Stream::Lock lock, const void* p, std::size_t size, std::size_t n,
                        Call next) {
  const std::size_t bytes = size * n;
  if (Stream::has_room(f, lock, bytes)) {
    return next();
  }
  Stream stream(f, lock);
  if (!stream.may_wait_with_bytes() || bytes == 0) {
    return next();
  }
  const std::size_t put = stream.put(static_cast<const char*>(p), bytes);
  return put == bytes ? n : put / size;
}

template <class Call>
int put_text(FILE* f, Stream::Lock lock, const char* text, Call next) {
  const std::size_t size = std::strlen(text);
  if (Stream::has_room(f, lock, size)) {
    return next();
  }
  Stream stream(f, lock);
  if (!stream.may_wait_with_bytes()) {
    return next();
  }
  return stream.put(text, size) == size ? 1 : EOF;
}

int put_line(const char* text) {
  Stream stream(stdout);
  const std::size_t size = stream.may_wait_with_bytes() ? std::strlen(text) : 0;
  if (size < PIPE_BUF) {
    return with_room(
        stream, size + 1, true, [=] { return real::puts(text); }, EOF);
  }
  const bool is_put = stream.put(text, size) == size && stream.put("\n", 1) == 1;
  return is_put ? static_cast<int>(std::min<std::size_t>(INT_MAX, size + 1)) : EOF;
}

int put_word(FILE* f, int word) {
  const auto next = [&] { return real::fwrite(&word, sizeof word, 1, f); };
  return write_items(f, kTake, &word, sizeof word, 1, next) == 1 ? 0 : EOF;
}

// All FILEs: libc waits for the lock of each, even of one that has nothing to be written.
template <class Call>
int flush(FILE* f, Stream::Lock lock, Call next) {
  if (f == nullptr) {
    return cooperative(Group::kStdio) == nullptr ? next() : block(next);
  }
  Stream stream(f, lock);
  if (!stream.may_wait() || stream.pending() == 0) {
    return next();
  }
  return stream.flush() ? 0 : EOF;
}

// libc's own call, which first writes what is pending.
template <class Call, class Result>
Result flushed(FILE* f, Call call, Result failed) {
  Stream stream(f);
  return stream.may_wait() && !stream.flush() ? failed : call();
}

// It is declared not to throw: a cancellation acts behind it.
int set_buffer(FILE* f, char* p, int mode, std::size_t size) {
  int state = 0;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  const int result = flushed(
      f, [=] { return real::setvbuf(f, p, mode, size); }, -1);
  ::pthread_setcancelstate(state, nullptr);
  return result;
}

// -- dprintf --

// As libc's: what is printed goes out at once; one error fails all of it.
int write_out(int fd, const char* text, int length) {
  const auto size = static_cast<std::size_t>(length);
  for (std::size_t done = 0; done < size;) {
    const ssize_t wrote = write_all(fd, text + done, size - done);
    if (wrote <= 0) {
      return -1;
    }
    done += static_cast<std::size_t>(wrote);
  }
  return length;
}

/// Memory of libc's, for a call that may be cancelled.
class Text {
 public:
  Text() = default;
  ~Text() { ::free(text_); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  char** place() { return &text_; }
  [[nodiscard]] const char* get() const { return text_; }

 private:
  char* text_ = nullptr;
};

// format(place, size) is as vsnprintf, allocate(place) as vasprintf.
template <class Format, class Allocate, class Next>
int print_to(int fd, Format format, Allocate allocate, Next next) {
  if (!writable(fd, 0, Group::kStdio).is_cooperative()) {
    return next();
  }
  char line[1024];  // NOLINT: filled by libc
  const int length = format(line, sizeof line);
  if (length < static_cast<int>(sizeof line)) {
    return length < 0 ? length : write_out(fd, line, length);
  }
  Text text;
  return allocate(text.place()) < 0 ? -1 : write_out(fd, text.get(), length);
}

int print_plain(int fd, const char* format, va_list list) {
  va_list again;
  va_copy(again, list);
  const int result = print_to(
      fd, [&](char* p, std::size_t n) { return ::vsnprintf(p, n, format, again); },
      [&](char** p) { return ::vasprintf(p, format, list); },
      [&] { return real::vdprintf(fd, format, list); });
  va_end(again);
  return result;
}

int print_checked(int fd, int flag, const char* format, va_list list) {
  va_list again;
  va_copy(again, list);
  const int result = print_to(
      fd, [&](char* p, std::size_t n) { return ::__vsnprintf_chk(p, n, flag, n, format, again); },
      [&](char** p) { return ::__vasprintf_chk(p, flag, format, list); },
      [&] { return real::__vdprintf_chk(fd, flag, format, list); });
  va_end(again);
  return result;
}

}  // namespace

#define PRINT(f, ...) print(f, format, list, [&] { return real::__VA_ARGS__; })

// clang-format off
extern "C" {
// symbol, signature                                                              how
int    fputc           (int c, FILE* f)                                          { return put_byte(f, kTake, c, [=] { return real::fputc(c, f); }); }
int    putc            (int c, FILE* f)                                          { return put_byte(f, kTake, c, [=] { return real::fputc(c, f); }); }
int    _IO_putc        (int c, FILE* f)                                          { return put_byte(f, kTake, c, [=] { return real::fputc(c, f); }); }
int    putchar         (int c)                                                   { return put_byte(stdout, kTake, c, [=] { return real::fputc(c, stdout); }); }
int    fputc_unlocked  (int c, FILE* f)                                          { return put_byte(f, kByCaller, c, [=] { return real::fputc_unlocked(c, f); }); }
int    putc_unlocked   (int c, FILE* f)                                          { return put_byte(f, kByCaller, c, [=] { return real::fputc_unlocked(c, f); }); }
int    putchar_unlocked(int c)                                                   { return put_byte(stdout, kByCaller, c, [=] { return real::fputc_unlocked(c, stdout); }); }
int    __overflow      (FILE* f, int c)                                          { return overflow(f, c, [=] { return real::__overflow(f, c); }); }
int    putw            (int word, FILE* f)                                       { return put_word(f, word); }
int    fputs           (const char* s, FILE* f)                                  { return put_text(f, kTake, s, [=] { return real::fputs(s, f); }); }
int    fputs_unlocked  (const char* s, FILE* f)                                  { return put_text(f, kByCaller, s, [=] { return real::fputs_unlocked(s, f); }); }
int    puts            (const char* s)                                           { return put_line(s); }
size_t fwrite          (const void* p, size_t size, size_t n, FILE* f)           { return write_items(f, kTake, p, size, n, [=] { return real::fwrite(p, size, n, f); }); }
size_t fwrite_unlocked (const void* p, size_t size, size_t n, FILE* f)           { return write_items(f, kByCaller, p, size, n, [=] { return real::fwrite_unlocked(p, size, n, f); }); }
int    fflush          (FILE* f)                                                 { return flush(f, kTake, [=] { return real::fflush(f); }); }
int    fflush_unlocked (FILE* f)                                                 { return flush(f, kByCaller, [=] { return real::fflush_unlocked(f); }); }
int    fseek           (FILE* f, long at, int from)                              { return flushed(f, [=] { return real::fseek(f, at, from); }, -1); }
int    fseeko          (FILE* f, off_t at, int from)                             { return flushed(f, [=] { return real::fseeko(f, at, from); }, -1); }
int    fseeko64        (FILE* f, off64_t at, int from)                           { return flushed(f, [=] { return real::fseeko64(f, at, from); }, -1); }
int    fsetpos         (FILE* f, const fpos_t* at)                               { return flushed(f, [=] { return real::fsetpos(f, at); }, -1); }
int    fsetpos64       (FILE* f, const fpos64_t* at)                             { return flushed(f, [=] { return real::fsetpos64(f, at); }, -1); }
void   rewind          (FILE* f)                                                 { flushed(f, [=] { real::rewind(f); return 0; }, 0); }
int    setvbuf         (FILE* f, char* p, int mode, size_t size)                 { return set_buffer(f, p, mode, size); }
void   perror          (const char* s)                                           { say([=] { real::perror(s); }); }
void   psignal         (int signal, const char* s)                               { say([=] { real::psignal(signal, s); }); }
void   psiginfo        (const siginfo_t* info, const char* s)                    { say([=] { real::psiginfo(info, s); }); }
int    printf          (const char* format, ...)                                 { WEFT_ARGUMENTS(format, PRINT(stdout, vfprintf(stdout, format, list))); }
int    fprintf         (FILE* f, const char* format, ...)                        { WEFT_ARGUMENTS(format, PRINT(f, vfprintf(f, format, list))); }
int    vprintf         (const char* format, va_list list)                        { return PRINT(stdout, vfprintf(stdout, format, list)); }
int    vfprintf        (FILE* f, const char* format, va_list list)               { return PRINT(f, vfprintf(f, format, list)); }
int    __printf_chk    (int flag, const char* format, ...)                       { WEFT_ARGUMENTS(format, PRINT(stdout, __vfprintf_chk(stdout, flag, format, list))); }
int    __fprintf_chk   (FILE* f, int flag, const char* format, ...)              { WEFT_ARGUMENTS(format, PRINT(f, __vfprintf_chk(f, flag, format, list))); }
int    __vprintf_chk   (int flag, const char* format, va_list list)              { return PRINT(stdout, __vfprintf_chk(stdout, flag, format, list)); }
int    __vfprintf_chk  (FILE* f, int flag, const char* format, va_list list)     { return PRINT(f, __vfprintf_chk(f, flag, format, list)); }
int    dprintf         (int fd, const char* format, ...)                         { WEFT_ARGUMENTS(format, print_plain(fd, format, list)); }
int    vdprintf        (int fd, const char* format, va_list list)                { return print_plain(fd, format, list); }
int    __dprintf_chk   (int fd, int flag, const char* format, ...)               { WEFT_ARGUMENTS(format, print_checked(fd, flag, format, list)); }
int    __vdprintf_chk  (int fd, int flag, const char* format, va_list list)      { return print_checked(fd, flag, format, list); }
}
// clang-format on

#undef PRINT

}  // namespace weft::hooks

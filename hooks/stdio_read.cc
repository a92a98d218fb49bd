// stdio_read.cc: what reads bytes from a FILE, as a table.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hooks/real.h"
#include "hooks/stdio_stream.h"

extern "C" [[noreturn]] void __chk_fail();

namespace weft::hooks {

namespace {

using enum Stream::Lock;

// libc's own call, once it finds something to read.
template <class Call>
int with_input(FILE* f, Stream::Lock lock, Call call) {
  if (Stream::has_byte(f, lock)) {
    return call();
  }
  Stream stream(f, lock);
  return stream.await_input() ? call() : EOF;
}

// -- fread --

std::size_t read_bytes(Stream& stream, FILE* f, char* p, std::size_t size) {
  std::size_t done = 0;
  while (done < size && stream.await_input()) {
    const std::size_t part = stream.part_ready(size - done);
    const std::size_t got = real::fread_unlocked(p + done, 1, part, f);
    done += got;
    if (got < part) {
      break;
    }
  }
  return done;
}

template <class Next>
std::size_t read_items(FILE* f, Stream::Lock lock, void* p, std::size_t size, std::size_t n,
                       Next next) {
  Stream stream(f, lock);
  const std::size_t bytes = size * n;
  if (!stream.may_wait() || bytes == 0) {
    return next();
  }
  const std::size_t got = read_bytes(stream, f, static_cast<char*>(p), bytes);
  return got == bytes ? n : got / size;
}

template <class Next>
std::size_t read_checked(FILE* f, Stream::Lock lock, void* p, std::size_t room, std::size_t size,
                         std::size_t n, Next next) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(size, n, &bytes) || bytes > room) {
    __chk_fail();
  }
  return read_items(f, lock, p, size, n, next);
}

int read_word(FILE* f) {
  int word = 0;
  const auto next = [&] { return real::fread(&word, sizeof word, 1, f); };
  return read_items(f, kTake, &word, sizeof word, 1, next) == 1 ? word : EOF;
}

// -- lines --

// What of `most` bytes is buffered, up to and including the delimiter.
std::string_view piece_of(const Stream& stream, int delimiter, std::size_t most) {
  const std::string_view piece = stream.buffered().substr(0, most);
  const std::size_t at = piece.find(static_cast<char>(delimiter));
  return at == piece.npos ? piece : piece.substr(0, at + 1);
}

// Up to a newline, at most `most` bytes. Returns how many.
std::size_t read_line(Stream& stream, char* line, std::size_t most) {
  std::size_t length = 0;
  while (length < most && (!stream.buffered().empty() || stream.refill())) {
    const std::string_view piece = piece_of(stream, '\n', most - length);
    std::memcpy(line + length, piece.data(), piece.size());
    stream.take(piece.size());
    length += piece.size();
    if (piece.ends_with('\n')) {
      break;
    }
  }
  return length;
}

// The error flag counts only if this call sets it. An error behind some bytes fails the call, but
// for EAGAIN, which is for the next one.
char* fill_line(Stream& stream, FILE* f, char* line, std::size_t most, std::size_t room) {
  const int flag_before = f->_flags & _IO_ERR_SEEN;
  f->_flags &= ~_IO_ERR_SEEN;
  const std::size_t length = read_line(stream, line, most);
  const bool failed = length == 0 || ((f->_flags & _IO_ERR_SEEN) != 0 && errno != EAGAIN);
  f->_flags |= flag_before;
  if (failed) {
    return nullptr;
  }
  if (length >= room) {
    __chk_fail();
  }
  line[length] = '\0';
  return line;
}

template <class Next>
char* fgets_line(FILE* f, Stream::Lock lock, char* line, int n, Next next) {
  if (n <= 1) {
    return next();
  }
  Stream stream(f, lock);
  return stream.may_wait() ? fill_line(stream, f, line, static_cast<std::size_t>(n) - 1, SIZE_MAX)
                           : next();
}

template <class Next>
char* fgets_checked(FILE* f, Stream::Lock lock, char* line, std::size_t room, int n, Next next) {
  if (n <= 0) {
    return nullptr;
  }
  Stream stream(f, lock);
  const std::size_t most = std::min(static_cast<std::size_t>(n) - 1, room);
  return stream.may_wait() ? fill_line(stream, f, line, most, room) : next();
}

// malloc's memory, as getline(3) has it.
bool make_room(char** line, std::size_t* room, std::size_t wanted) {
  if (wanted <= *room) {
    return true;
  }
  const std::size_t size = std::max(wanted, 2 * *room);
  auto* const more = static_cast<char*>(::realloc(*line, size));
  if (more == nullptr) {
    return false;
  }
  *line = more;
  *room = size;
  return true;
}

ssize_t get_delimited(Stream& stream, char** line, std::size_t* room, int delimiter) {
  constexpr std::size_t kFirstRoom = 120;
  if (*line == nullptr || *room == 0) {
    *room = 0;
    if (!make_room(line, room, kFirstRoom)) {
      return -1;
    }
  }
  std::size_t length = 0;
  while (!stream.buffered().empty() || stream.refill()) {
    const std::string_view piece = piece_of(stream, delimiter, SIZE_MAX);
    if (piece.size() >= SSIZE_MAX - length) {
      errno = EOVERFLOW;
      return -1;
    }
    if (!make_room(line, room, length + piece.size() + 1)) {
      return -1;
    }
    std::memcpy(*line + length, piece.data(), piece.size());
    stream.take(piece.size());
    length += piece.size();
    if (piece.ends_with(static_cast<char>(delimiter))) {
      break;
    }
  }
  if (length == 0) {
    return -1;
  }
  (*line)[length] = '\0';
  return static_cast<ssize_t>(length);
}

ssize_t delimited(FILE* f, char** line, std::size_t* room, int delimiter) {
  if (line == nullptr || room == nullptr) {
    return real::__getdelim(line, room, delimiter, f);
  }
  Stream stream(f);
  if (!stream.may_wait()) {
    return real::__getdelim(line, room, delimiter, f);
  }
  return (f->_flags & _IO_ERR_SEEN) != 0 ? -1 : get_delimited(stream, line, room, delimiter);
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                              how
int     fgetc             (FILE* f)                                              { return with_input(f, kTake, [=] { return real::fgetc(f); }); }
int     getc              (FILE* f)                                              { return with_input(f, kTake, [=] { return real::fgetc(f); }); }
int     _IO_getc          (FILE* f)                                              { return with_input(f, kTake, [=] { return real::fgetc(f); }); }
int     getchar           ()                                                     { return with_input(stdin, kTake, [=] { return real::fgetc(stdin); }); }
int     fgetc_unlocked    (FILE* f)                                              { return with_input(f, kByCaller, [=] { return real::fgetc_unlocked(f); }); }
int     getc_unlocked     (FILE* f)                                              { return with_input(f, kByCaller, [=] { return real::fgetc_unlocked(f); }); }
int     getchar_unlocked  ()                                                     { return with_input(stdin, kByCaller, [=] { return real::fgetc_unlocked(stdin); }); }
int     __uflow           (FILE* f)                                              { return with_input(f, kByCaller, [=] { return real::__uflow(f); }); }
int     __underflow       (FILE* f)                                              { return with_input(f, kByCaller, [=] { return real::__underflow(f); }); }
int     getw              (FILE* f)                                              { return read_word(f); }
size_t  fread             (void* p, size_t size, size_t n, FILE* f)              { return read_items(f, kTake, p, size, n, [=] { return real::fread(p, size, n, f); }); }
size_t  fread_unlocked    (void* p, size_t size, size_t n, FILE* f)              { return read_items(f, kByCaller, p, size, n, [=] { return real::fread_unlocked(p, size, n, f); }); }
size_t  __fread_chk       (void* p, size_t room, size_t size, size_t n, FILE* f) { return read_checked(f, kTake, p, room, size, n, [=] { return real::fread(p, size, n, f); }); }
size_t  __fread_unlocked_chk(void* p, size_t room, size_t size, size_t n, FILE* f) { return read_checked(f, kByCaller, p, room, size, n, [=] { return real::fread_unlocked(p, size, n, f); }); }
char*   fgets             (char* p, int n, FILE* f)                              { return fgets_line(f, kTake, p, n, [=] { return real::fgets(p, n, f); }); }
char*   fgets_unlocked    (char* p, int n, FILE* f)                              { return fgets_line(f, kByCaller, p, n, [=] { return real::fgets_unlocked(p, n, f); }); }
char*   __fgets_chk       (char* p, size_t room, int n, FILE* f)                 { return fgets_checked(f, kTake, p, room, n, [=] { return real::__fgets_chk(p, room, n, f); }); }
char*   __fgets_unlocked_chk(char* p, size_t room, int n, FILE* f)               { return fgets_checked(f, kByCaller, p, room, n, [=] { return real::__fgets_unlocked_chk(p, room, n, f); }); }
ssize_t getline           (char** line, size_t* n, FILE* f)                      { return delimited(f, line, n, '\n'); }
ssize_t getdelim          (char** line, size_t* n, int end, FILE* f)             { return delimited(f, line, n, end); }
ssize_t __getdelim        (char** line, size_t* n, int end, FILE* f)             { return delimited(f, line, n, end); }
int     ungetc            (int c, FILE* f)                                       { return locked(f, [=] { return real::ungetc(c, f); }); }
int     feof              (FILE* f)                                              { return locked(f, [=] { return real::feof(f); }); }
int     ferror            (FILE* f)                                              { return locked(f, [=] { return real::ferror(f); }); }
long    ftell             (FILE* f)                                              { return locked(f, [=] { return real::ftell(f); }); }
off_t   ftello            (FILE* f)                                              { return locked(f, [=] { return real::ftello(f); }); }
off64_t ftello64          (FILE* f)                                              { return locked(f, [=] { return real::ftello64(f); }); }
int     fgetpos           (FILE* f, fpos_t* at)                                  { return locked(f, [=] { return real::fgetpos(f, at); }); }
int     fgetpos64         (FILE* f, fpos64_t* at)                                { return locked(f, [=] { return real::fgetpos64(f, at); }); }
void    clearerr          (FILE* f)                                              { locked(f, [=] { real::clearerr(f); return 0; }); }
}
// clang-format on

}  // namespace weft::hooks

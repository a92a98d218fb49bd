// stdio_wide.cc: what reads and puts wide characters, as a table.
#include <stdio.h>
#include <wchar.h>

#include <cerrno>

#include "hooks/arguments.h"
#include "hooks/real.h"
#include "hooks/stdio_stream.h"

extern "C" [[noreturn]] void __chk_fail();

namespace weft::hooks {

namespace {

using enum Stream::Lock;

// libc's own call, once there is something to read. The rest of a character that comes in pieces it
// waits for by itself.
template <class Call>
wint_t with_input(FILE* f, Stream::Lock lock, Call call) {
  Stream stream(f, lock);
  return stream.await_input() ? call() : WEOF;
}

// As fgets(3) of bytes: see stdio_read.cc.
wchar_t* read_line(Stream& stream, FILE* f, wchar_t* line, int n) {
  const int flag_before = f->_flags & _IO_ERR_SEEN;
  f->_flags &= ~_IO_ERR_SEEN;
  int length = 0;
  wint_t c = 0;
  while (length < n - 1 && c != L'\n') {
    c = stream.await_input() ? real::fgetwc_unlocked(f) : WEOF;
    if (c == WEOF) {
      break;
    }
    line[length++] = static_cast<wchar_t>(c);
  }
  const bool failed = length == 0 || ((f->_flags & _IO_ERR_SEEN) != 0 && errno != EAGAIN);
  f->_flags |= flag_before;
  if (failed) {
    return nullptr;
  }
  line[length] = L'\0';
  return line;
}

template <class Next>
wchar_t* get_line(FILE* f, Stream::Lock lock, wchar_t* line, int n, Next next) {
  Stream stream(f, lock);
  return stream.may_wait() && n > 1 ? read_line(stream, f, line, n) : next();
}

template <class Next>
wchar_t* get_checked(FILE* f, Stream::Lock lock, wchar_t* line, std::size_t room, int n,
                     Next next) {
  // A line that is too long is libc's to find.
  return n > 0 && static_cast<std::size_t>(n) <= room ? get_line(f, lock, line, n, next) : next();
}

// libc's own call, which puts `size` characters. A FILE's first one is libc's alone: it chooses
// what the FILE is for.
template <class Call>
auto with_room(FILE* f, Stream::Lock lock, std::size_t size, bool ends_line, Call call,
               decltype(call()) failed) {
  Stream stream(f, lock);
  const bool writes = stream.may_wait() && f->_mode > 0 && stream.would_flush(size, ends_line);
  return writes && !stream.await_output() ? failed : call();
}

template <class Call>
wint_t put_character(FILE* f, Stream::Lock lock, wint_t c, Call call) {
  return with_room(f, lock, 1, c == L'\n', call, WEOF);
}

template <class Call>
int put_text(FILE* f, Stream::Lock lock, const wchar_t* text, Call call) {
  return with_room(f, lock, ::wcslen(text), ::wcschr(text, L'\n') != nullptr, call, -1);
}

// Nobody knows how much a format puts.
template <class Call>
int print(FILE* f, const wchar_t* format, Call call) {
  return with_room(f, kTake, 0, ::wcschr(format, L'\n') != nullptr, call, -1);
}

}  // namespace

#define PRINT(f, ...) print(f, format, [&] { return real::__VA_ARGS__; })

// clang-format off
extern "C" {
// symbol, signature                                                       how
wint_t   fgetwc           (FILE* f)                                       { return with_input(f, kTake, [=] { return real::fgetwc(f); }); }
wint_t   getwc            (FILE* f)                                       { return with_input(f, kTake, [=] { return real::fgetwc(f); }); }
wint_t   getwchar         ()                                              { return with_input(stdin, kTake, [=] { return real::fgetwc(stdin); }); }
wint_t   fgetwc_unlocked  (FILE* f)                                       { return with_input(f, kByCaller, [=] { return real::fgetwc_unlocked(f); }); }
wint_t   getwc_unlocked   (FILE* f)                                       { return with_input(f, kByCaller, [=] { return real::fgetwc_unlocked(f); }); }
wint_t   getwchar_unlocked()                                              { return with_input(stdin, kByCaller, [=] { return real::fgetwc_unlocked(stdin); }); }
wint_t   __wuflow         (FILE* f)                                       { return with_input(f, kByCaller, [=] { return real::__wuflow(f); }); }
wint_t   __wunderflow     (FILE* f)                                       { return with_input(f, kByCaller, [=] { return real::__wunderflow(f); }); }
wint_t   ungetwc          (wint_t c, FILE* f)                             { return locked(f, [=] { return real::ungetwc(c, f); }); }
wchar_t* fgetws           (wchar_t* p, int n, FILE* f)                    { return get_line(f, kTake, p, n, [=] { return real::fgetws(p, n, f); }); }
wchar_t* fgetws_unlocked  (wchar_t* p, int n, FILE* f)                    { return get_line(f, kByCaller, p, n, [=] { return real::fgetws_unlocked(p, n, f); }); }
wchar_t* __fgetws_chk     (wchar_t* p, size_t room, int n, FILE* f)       { return get_checked(f, kTake, p, room, n, [=] { return real::__fgetws_chk(p, room, n, f); }); }
wchar_t* __fgetws_unlocked_chk(wchar_t* p, size_t room, int n, FILE* f)   { return get_checked(f, kByCaller, p, room, n, [=] { return real::__fgetws_unlocked_chk(p, room, n, f); }); }
wint_t   fputwc           (wchar_t c, FILE* f)                            { return put_character(f, kTake, static_cast<wint_t>(c), [=] { return real::fputwc(c, f); }); }
wint_t   putwc            (wchar_t c, FILE* f)                            { return put_character(f, kTake, static_cast<wint_t>(c), [=] { return real::fputwc(c, f); }); }
wint_t   putwchar         (wchar_t c)                                     { return put_character(stdout, kTake, static_cast<wint_t>(c), [=] { return real::fputwc(c, stdout); }); }
wint_t   fputwc_unlocked  (wchar_t c, FILE* f)                            { return put_character(f, kByCaller, static_cast<wint_t>(c), [=] { return real::fputwc_unlocked(c, f); }); }
wint_t   putwc_unlocked   (wchar_t c, FILE* f)                            { return put_character(f, kByCaller, static_cast<wint_t>(c), [=] { return real::fputwc_unlocked(c, f); }); }
wint_t   putwchar_unlocked(wchar_t c)                                     { return put_character(stdout, kByCaller, static_cast<wint_t>(c), [=] { return real::fputwc_unlocked(c, stdout); }); }
wint_t   __woverflow      (FILE* f, wint_t c)                             { return put_character(f, kByCaller, c, [=] { return real::__woverflow(f, c); }); }
int      fputws           (const wchar_t* s, FILE* f)                     { return put_text(f, kTake, s, [=] { return real::fputws(s, f); }); }
int      fputws_unlocked  (const wchar_t* s, FILE* f)                     { return put_text(f, kByCaller, s, [=] { return real::fputws_unlocked(s, f); }); }
int      wprintf         (const wchar_t* format, ...)                              { WEFT_ARGUMENTS(format, PRINT(stdout, vfwprintf(stdout, format, list))); }
int      fwprintf        (FILE* f, const wchar_t* format, ...)                     { WEFT_ARGUMENTS(format, PRINT(f, vfwprintf(f, format, list))); }
int      vwprintf        (const wchar_t* format, va_list list)                     { return PRINT(stdout, vfwprintf(stdout, format, list)); }
int      vfwprintf       (FILE* f, const wchar_t* format, va_list list)            { return PRINT(f, vfwprintf(f, format, list)); }
int      __wprintf_chk   (int flag, const wchar_t* format, ...)                    { WEFT_ARGUMENTS(format, PRINT(stdout, __vfwprintf_chk(stdout, flag, format, list))); }
int      __fwprintf_chk  (FILE* f, int flag, const wchar_t* format, ...)           { WEFT_ARGUMENTS(format, PRINT(f, __vfwprintf_chk(f, flag, format, list))); }
int      __vwprintf_chk  (int flag, const wchar_t* format, va_list list)           { return PRINT(stdout, __vfwprintf_chk(stdout, flag, format, list)); }
int      __vfwprintf_chk (FILE* f, int flag, const wchar_t* format, va_list list)  { return PRINT(f, __vfwprintf_chk(f, flag, format, list)); }
}
// clang-format on

#undef PRINT

}  // namespace weft::hooks

// stdio_scan.cc: the scanf family, as a table.
//
// libc's scanf reads on where a number or word may go on, so nobody knows beforehand how much it
// needs. Where it may have to wait it reads another stream here, byte by byte, whose read takes the
// bytes from the program's FILE and parks where that has none.
#include <stdio.h>

#include "hooks/arguments.h"
#include "hooks/real.h"
#include "hooks/stdio_stream.h"

namespace weft::hooks {

namespace {

/// The other stream, for one call.
class Source {
 public:
  Source(Stream& stream, FILE* program) : stream_(stream), program_(program) {
    constexpr cookie_io_functions_t kFunctions = {
        .read = read, .write = {}, .seek = {}, .close = {}};
    file_ = ::fopencookie(this, "r", kFunctions);
    if (file_ != nullptr) {
      ::setvbuf(file_, buffer_, _IOFBF, sizeof buffer_);
    }
  }
  // What scanf has read and put back was the program's next byte.
  ~Source() {
    if (file_ == nullptr) {
      return;
    }
    while (file_->_IO_read_end > file_->_IO_read_ptr) {
      real::ungetc(static_cast<unsigned char>(*--file_->_IO_read_end), program_);
    }
    real::fclose(file_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  [[nodiscard]] FILE* file() const { return file_; }

 private:
  static ssize_t read(void* self, char* byte, std::size_t /*room*/) {
    auto& [stream, program, file, buffer] = *static_cast<Source*>(self);
    static_cast<void>(file);
    static_cast<void>(buffer);
    if (stream.buffered().empty() && !stream.refill()) {
      return (program->_flags & _IO_ERR_SEEN) != 0 ? -1 : 0;
    }
    *byte = stream.buffered().front();
    stream.take(1);
    return 1;
  }

  Stream& stream_;
  FILE* program_;
  FILE* file_ = nullptr;
  char buffer_[16] = {};
};

template <class Scan>
int scan(FILE* f, Scan scan_from) {
  Stream stream(f);
  if (!stream.may_wait() || f->_mode > 0) {
    return scan_from(f);
  }
  const Source source(stream, f);
  return source.file() == nullptr ? scan_from(f) : scan_from(source.file());
}

/// libc's own, once there is something to read: of wide characters.
template <class Call>
int scan_wide(FILE* f, Call call) {
  Stream stream(f);
  return stream.await_input() ? call() : EOF;
}

}  // namespace

#define SCAN(next, f) scan(f, [&](FILE* from) { return real::next(from, format, list); })
#define SCAN_WIDE(next, f) scan_wide(f, [&] { return real::next(f, format, list); })

// clang-format off
extern "C" {
// Where <stdio.h> gives the names of C99's functions to others, these have names of their own here.
int weft_scanf           (const char* format, ...)                       asm("scanf");
int weft_fscanf          (FILE* f, const char* format, ...)              asm("fscanf");
int weft_vscanf          (const char* format, va_list list)              asm("vscanf");
int weft_vfscanf         (FILE* f, const char* format, va_list list)     asm("vfscanf");
int weft_wscanf          (const wchar_t* format, ...)                    asm("wscanf");
int weft_fwscanf         (FILE* f, const wchar_t* format, ...)           asm("fwscanf");
int weft_vwscanf         (const wchar_t* format, va_list list)           asm("vwscanf");
int weft_vfwscanf        (FILE* f, const wchar_t* format, va_list list)  asm("vfwscanf");
// symbol, signature                                                       how
int weft_scanf           (const char* format, ...)                       { WEFT_ARGUMENTS(format, SCAN(vfscanf, stdin)); }
int weft_fscanf          (FILE* f, const char* format, ...)              { WEFT_ARGUMENTS(format, SCAN(vfscanf, f)); }
int weft_vscanf          (const char* format, va_list list)              { return SCAN(vfscanf, stdin); }
int weft_vfscanf         (FILE* f, const char* format, va_list list)     { return SCAN(vfscanf, f); }
int __isoc99_scanf       (const char* format, ...)                       { WEFT_ARGUMENTS(format, SCAN(__isoc99_vfscanf, stdin)); }
int __isoc99_fscanf      (FILE* f, const char* format, ...)              { WEFT_ARGUMENTS(format, SCAN(__isoc99_vfscanf, f)); }
int __isoc99_vscanf      (const char* format, va_list list)              { return SCAN(__isoc99_vfscanf, stdin); }
int __isoc99_vfscanf     (FILE* f, const char* format, va_list list)     { return SCAN(__isoc99_vfscanf, f); }
int __isoc23_scanf       (const char* format, ...)                       { WEFT_ARGUMENTS(format, SCAN(__isoc23_vfscanf, stdin)); }
int __isoc23_fscanf      (FILE* f, const char* format, ...)              { WEFT_ARGUMENTS(format, SCAN(__isoc23_vfscanf, f)); }
int __isoc23_vscanf      (const char* format, va_list list)              { return SCAN(__isoc23_vfscanf, stdin); }
int __isoc23_vfscanf     (FILE* f, const char* format, va_list list)     { return SCAN(__isoc23_vfscanf, f); }
int weft_wscanf          (const wchar_t* format, ...)                    { WEFT_ARGUMENTS(format, SCAN_WIDE(vfwscanf, stdin)); }
int weft_fwscanf         (FILE* f, const wchar_t* format, ...)           { WEFT_ARGUMENTS(format, SCAN_WIDE(vfwscanf, f)); }
int weft_vwscanf         (const wchar_t* format, va_list list)           { return SCAN_WIDE(vfwscanf, stdin); }
int weft_vfwscanf        (FILE* f, const wchar_t* format, va_list list)  { return SCAN_WIDE(vfwscanf, f); }
int __isoc99_wscanf      (const wchar_t* format, ...)                    { WEFT_ARGUMENTS(format, SCAN_WIDE(__isoc99_vfwscanf, stdin)); }
int __isoc99_fwscanf     (FILE* f, const wchar_t* format, ...)           { WEFT_ARGUMENTS(format, SCAN_WIDE(__isoc99_vfwscanf, f)); }
int __isoc99_vwscanf     (const wchar_t* format, va_list list)           { return SCAN_WIDE(__isoc99_vfwscanf, stdin); }
int __isoc99_vfwscanf    (FILE* f, const wchar_t* format, va_list list)  { return SCAN_WIDE(__isoc99_vfwscanf, f); }
}
// clang-format on

#undef SCAN
#undef SCAN_WIDE

}  // namespace weft::hooks

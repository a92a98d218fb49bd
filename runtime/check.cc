#include "runtime/check.h"

#include <signal.h>
#include <sys/uio.h>

#include <cstring>

#include "runtime/sys.h"

namespace weft::runtime {

void print_line(const char* a, const char* b, const char* c, const char* d, const char* e) {
  const char* const parts[] = {a, b, c, d, e, "\n"};
  iovec vector[6] = {};
  for (int i = 0; i < 6; ++i) {
    vector[i] = {const_cast<char*>(parts[i]), std::strlen(parts[i])};
  }
  sys::call(SYS_writev, 2, vector, 6);
}

void check_failed(const char* fact, const char* file, int line) {
  char number[12] = {};
  int at = 11;
  do {
    number[--at] = static_cast<char>('0' + line % 10);
    line /= 10;
  } while (line > 0 && at > 0);
  print_line("weft: fatal: ", fact, " at ", file, number + at);
  const long pid = sys::call(SYS_getpid);
  sys::call(SYS_tgkill, pid, sys::call(SYS_gettid), SIGABRT);
  for (;;) {
    sys::call(SYS_exit_group, 134);
  }
}

}  // namespace weft::runtime

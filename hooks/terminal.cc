// terminal.cc: waiting until a terminal has sent what was written to it, as a table.
#include <termios.h>

#include "hooks/real.h"
#include "hooks/unannounced.h"

namespace weft::hooks {

namespace {

constexpr CallKind kDrain = {.is_cancellation_point = true, .restarts = true};
constexpr CallKind kChange = {.is_cancellation_point = false, .restarts = true};

// Nothing says whether there is anything to wait for.
template <class Next>
int drain(CallKind kind, Next next) {
  if (cooperative(Group::kIo) == nullptr) {
    return next();
  }
  begin(kind);
  return wait_in_kernel(kind, next);
}

int change(int fd, int when, const termios* wanted) {
  const auto next = [=] { return real::tcsetattr(fd, when, wanted); };
  return when == TCSADRAIN || when == TCSAFLUSH ? drain(kChange, next) : next();
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                     how
int tcdrain    (int fd)                                 { return drain(kDrain, [=] { return real::tcdrain(fd); }); }
int tcsendbreak(int fd, int duration)                   { return drain(kChange, [=] { return real::tcsendbreak(fd, duration); }); }
int tcsetattr  (int fd, int when, const termios* t)     { return change(fd, when, t); }
}
// clang-format on

}  // namespace weft::hooks

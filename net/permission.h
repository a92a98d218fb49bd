// permission.h: whether the running call of libc may park in here.
//
// Layer:  net.      See also: net/DESIGN.md ("Who may park").
#pragma once

namespace weft::net {

/// Runs the handlers of signals that have come for the running fiber, and acts on its cancellation:
/// it may unwind. What the hooks know and this layer does not.
using ActOnCalls = void (*)();

/// As long as it lives, calls of libc's on this thread that look up names may park the running
/// fiber. Given by who knows that the call holds no lock of libc's meanwhile.
class Permission {
 public:
  explicit Permission(ActOnCalls act);
  ~Permission();
  Permission(const Permission&) = delete;
  Permission& operator=(const Permission&) = delete;

  /// What the running call was given; null: it may not park.
  static ActOnCalls given();

 private:
  ActOnCalls before_;
};

}  // namespace weft::net

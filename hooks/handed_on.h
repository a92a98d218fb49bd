// handed_on.h: the preloaded object, handed on to the program that the process executes in its own
// place. It is the one that was asked for: nice, env, taskset and `sh -c 'exec ...'` only prepare
// it.
//
// Layer:  hooks. Usable in handlers of signals: no malloc, no locks.
#pragma once
#include <cstddef>

#include "hooks/room.h"

namespace weft::hooks {

/// From now on this process hands on `entry` of LD_PRELOAD, behind `place` others, as it was given
/// it. The text has to live on. Called at start-up.
void hand_on(const char* entry, std::size_t place);

/// Called in children that have a copy of our memory: what they execute is another program. Those
/// that share it are known by their process id.
void hand_on_no_more();

[[nodiscard]] bool hands_on();

/// An environment with that entry in it. It is the one that was given where it has the entry
/// already, can't be read (the kernel says with what error), or there is no memory: to execute a
/// program without weft is better than not to.
class HandedOn {
 public:
  explicit HandedOn(char* const* given);
  [[nodiscard]] char* const* environment() const { return environment_; }

 private:
  Room room_;
  char* const* environment_;
};

/// Calls `next(environment)`, which executes a program, with what that is to get in place of
/// `given`.
template <class Next>
auto handing_on(char* const* given, Next next) {
  if (!hands_on()) {
    return next(given);
  }
  return next(HandedOn(given).environment());
}

}  // namespace weft::hooks

// fork.h: what the hooks do around fork(2).
//
// Layer:  hooks.
#pragma once
#include <cerrno>

#include "runtime/scheduler.h"

namespace weft::hooks {

/// Registers handlers with libc. Called first of all that register any: then ours run first in a
/// child, so that the program's own may already wait there.
void prepare_for_forks();

/// These handlers. Also around what makes a child and has libc call none: _Fork, clone, and system
/// calls by their number. Only fork itself sees to it that the child may allocate memory.
void before_fork();
void after_fork_in_parent();
void after_fork_in_child(bool may_allocate);

/// Makes a child that has a copy of our memory by `make`, which returns in both, as fork(2) does.
template <class Make>
auto fork_by(Make make) {
  before_fork();
  const auto child = make();
  const int saved_errno = errno;
  if (child == 0) {
    after_fork_in_child(false);
  } else {
    after_fork_in_parent();
  }
  errno = saved_errno;
  return child;
}

/// The calling kernel thread is the parent of a process: it has to live on, for the child may have
/// asked to die with it (PR_SET_PDEATHSIG). Returns `result`.
template <class Result>
Result made_child(Result result) {
  runtime::Worker* const worker = runtime::running.worker;
  if (worker != nullptr) {
    worker->keep();
  }
  return result;
}

}  // namespace weft::hooks

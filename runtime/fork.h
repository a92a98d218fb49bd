// fork.h: who calls the scheduler around a fork.
//
// Layer:  runtime.
#pragma once

namespace weft::runtime {

/// libc's fork() calls Scheduler::before_fork() and its kin by handlers from now on: fork() of the
/// API must not do so a second time.
void forks_are_prepared();

}  // namespace weft::runtime

// thread_attributes.h: pthread_attr_t and fibers.
//
// Layer:  hooks.
#pragma once
#include <pthread.h>

#include "runtime/scheduler.h"

namespace weft::hooks {

/// What a new thread is asked to be, as far as a fiber can be it.
struct Attributes {
  runtime::SpawnOptions options;
  sigset_t mask = {};
  bool has_mask = false;
  /// Only a kernel thread can be what is asked for: scheduling or CPUs of its own.
  bool needs_kernel_thread = false;
};

/// Reads `attr`; null: the defaults. EINVAL as pthread_create has it, else 0.
int read_attributes(const pthread_attr_t* attr, Attributes& result);

/// pthread_getattr_np for a fiber. 0 or an errno; `attr` is as pthread_attr_init leaves it, or
/// filled.
int attributes_of_fiber(const runtime::Fiber& fiber, pthread_attr_t* attr);

}  // namespace weft::hooks

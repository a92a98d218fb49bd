// fiber_pool.h: fibers' memory: new from a slab, or one that has been used (last in, first out: it
// is warm).
//
// Layer:  runtime.
#pragma once
#include <cstddef>

#include "runtime/fiber.h"

namespace weft::runtime::fiber_pool {

/// A fiber whose stack has at least `stack_bytes` for code and below them a guard of at least
/// `guard_bytes` (whole pages), state kFree, with its own TLS if asked. Null when memory is short
/// (a message was printed). Its identity, entry and scheduler are for the caller to set.
[[nodiscard]] Fiber* take(std::size_t stack_bytes, bool own_tls, std::size_t guard_bytes = 0);

/// What is left for code of a stack that takes `spacing` bytes of address space.
[[nodiscard]] std::size_t bytes_for_code(std::size_t spacing, bool own_tls);

/// Puts back a fiber that nobody runs, joins or lists any more.
void put(Fiber* fiber);

/// Around fork(2): in the child the lists are whole, and unlocked.
void lock_for_fork();
void unlock_after_fork();

}  // namespace weft::runtime::fiber_pool

// stack.h: guarded stacks, cut from slabs of equally spaced ones.
//
// Layer:  runtime.      See also: fiber_pool.h, which keeps used ones.
#pragma once
#include <cstddef>

namespace weft::runtime {

/// Memory of one fiber: a guard page, then `[low, top)`. Pages are committed on first touch.
struct Stack {
  char* low = nullptr;
  char* top = nullptr;
};

/// Stacks come in sizes of powers of two, so that a used one serves many askers.
class StackSize {
 public:
  static constexpr std::size_t kSmallest = std::size_t{16} << 10;
  static constexpr int kCount = 22;  // 16 KiB .. 32 GiB

  /// The class whose stacks have at least `bytes` below their top; the largest class if none has.
  static int class_for(std::size_t bytes);
  /// Address space that one stack of the class takes, guard included.
  static constexpr std::size_t spacing(int size_class) { return kSmallest << size_class; }
};

/// Cuts a stack that nobody used before. On failure `low` is null and a message was printed once
/// that says what ran out. Threads: any. Lasts for the life of the process: memory of fibers is
/// never unmapped (see fiber.h).
[[nodiscard]] Stack cut_stack(int size_class);

/// Makes the lowest `bytes` (whole pages) of a stack inaccessible, too, and accessible again.
[[nodiscard]] bool widen_guard(const Stack& stack, std::size_t bytes);
void narrow_guard(const Stack& stack, std::size_t bytes);

/// Whether `address` is in the guard of a stack whose lowest usable byte is `low`.
bool in_guard(const Stack& stack, const char* low, const void* address);

/// How stacks are guarded here, for reports: "MADV_GUARD_INSTALL" or "mprotect".
const char* guard_method();

/// Around fork(2).
void lock_stacks_for_fork();
void unlock_stacks_after_fork();

}  // namespace weft::runtime

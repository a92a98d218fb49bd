// signal_stack.h: the stack for signals of a kernel thread that runs fibers.
//
// Layer:  runtime.
#pragma once
#include <signal.h>

#include <cstddef>
#include <cstdint>

namespace weft::runtime {

/// As sigaltstack(2) says that there is none.
inline constexpr stack_t kNoSignalStack = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};

/// The kernel has one for each kernel thread. Weft's is for the handler of overflow.h, and for
/// handlers that leave it at once for a stack of their fiber's.
class SignalStack {
 public:
  /// Fibers have their own from now on, which somebody above looks after: so the kernel shall know
  /// weft's only. Before the first scheduler starts.
  static void are_per_fiber();

  /// Gives the calling kernel thread this one, if it has none or fibers have their own. Returns
  /// that which it had.
  stack_t give();
  /// The calling kernel thread, to whom it was given, has what it had before.
  void take_back();
  [[nodiscard]] bool holds(std::uintptr_t address) const {
    const auto low = reinterpret_cast<std::uintptr_t>(memory_);
    return memory_ != nullptr && address >= low && address < low + kBytes;
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{64} << 10;
  void* memory_ = nullptr;
  stack_t before_ = kNoSignalStack;
};

}  // namespace weft::runtime

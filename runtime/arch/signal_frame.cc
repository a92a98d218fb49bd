#include "runtime/arch/signal_frame.h"

#include <ucontext.h>

#include <cstring>

namespace weft::runtime::arch {

#if defined(__x86_64__)

namespace {

constexpr std::uintptr_t kRedZone = 128;

// linux: struct _fpx_sw_bytes, which lies where the processor leaves room in what FXSAVE writes.
struct ExtendedState {
  std::uint32_t magic;
  std::uint32_t bytes;  // of all that follows the beginning of FXSAVE's
};
constexpr std::size_t kFxsaveBytes = 512;
constexpr std::size_t kExtendedStateAt = 464;
constexpr std::uint32_t kIsExtended = 0x4650'5853;

std::size_t vector_state_bytes(const void* state) {
  if (state == nullptr) {
    return 0;
  }
  ExtendedState extended = {};
  std::memcpy(&extended, static_cast<const char*>(state) + kExtendedStateAt, sizeof extended);
  return extended.magic == kIsExtended ? extended.bytes : kFxsaveBytes;
}

constexpr std::uintptr_t align_down(std::uintptr_t address, std::uintptr_t size) {
  return address & ~(size - 1);
}

template <class T>
T* at(std::uintptr_t address) {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr): from a register
}

std::uintptr_t address_of(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

}  // namespace

std::uintptr_t stack_pointer(const void* context) {
  return static_cast<std::uintptr_t>(
      static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RSP]);
}

std::uintptr_t free_stack_top(const void* context) { return stack_pointer(context) - kRedZone; }

// From low to high the kernel leaves: the address that the handler returns to, which is that of the
// system call that ends a signal; the context; what came with the signal; the vector registers,
// which the context points to.
bool move_signal_frame(const StackRange& stack, int signal, siginfo_t* info, void* context,
                       std::uint64_t mask, SignalHandler handler) {
  constexpr std::uintptr_t kVectorAlignment = 64;
  auto& old = *static_cast<ucontext_t*>(context);
  const std::uintptr_t old_frame = address_of(context) - sizeof(void*);
  const std::size_t frame_bytes = address_of(info + 1) - old_frame;
  const std::size_t vector_bytes = vector_state_bytes(old.uc_mcontext.fpregs);
  if (stack.top - stack.low < frame_bytes + vector_bytes + 2 * kVectorAlignment) {
    return false;
  }
  const std::uintptr_t vectors = align_down(stack.top - vector_bytes, kVectorAlignment);
  const std::uintptr_t frame = align_down(vectors - frame_bytes, 16) - sizeof(void*);
  const std::uintptr_t shift = frame - old_frame;
  std::memcpy(at<void>(frame), at<void>(old_frame), frame_bytes);
  auto* const moved = at<ucontext_t>(address_of(context) + shift);
  if (vector_bytes != 0) {
    std::memcpy(at<void>(vectors), old.uc_mcontext.fpregs, vector_bytes);
    moved->uc_mcontext.fpregs = at<_libc_fpstate>(vectors);
  }

  // A handler begins with the registers of a new program.
  constexpr greg_t kDirectionAndTrap = 0x500;
  old.uc_mcontext.fpregs = nullptr;
  greg_t* const registers = old.uc_mcontext.gregs;
  registers[REG_RIP] = reinterpret_cast<greg_t>(handler);
  registers[REG_RSP] = static_cast<greg_t>(frame);
  registers[REG_RDI] = signal;
  registers[REG_RSI] = reinterpret_cast<greg_t>(at<siginfo_t>(address_of(info) + shift));
  registers[REG_RDX] = reinterpret_cast<greg_t>(moved);
  registers[REG_RAX] = 0;
  registers[REG_EFL] &= ~kDirectionAndTrap;
  std::memcpy(&old.uc_sigmask, &mask, sizeof mask);
  return true;
}

#else

std::uintptr_t stack_pointer(const void* context) {
  return static_cast<std::uintptr_t>(static_cast<const ucontext_t*>(context)->uc_mcontext.sp);
}

std::uintptr_t free_stack_top(const void* context) { return stack_pointer(context); }

bool move_signal_frame(const StackRange& /*stack*/, int /*signal*/, siginfo_t* /*info*/,
                       void* /*context*/, std::uint64_t /*mask*/, SignalHandler /*handler*/) {
  return false;
}

#endif

}  // namespace weft::runtime::arch

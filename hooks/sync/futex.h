// futex.h: futex(2) by way of syscall(2): what libstdc++, Rust and others build their own locks on.
//
// Layer:  hooks.
#pragma once

namespace weft::hooks::sync {

/// The system call's arguments as registers; the result as of a system call (-errno). `handled` is
/// false for operations that go to the kernel: those with priority inheritance and the like.
long futex(const long (&arguments)[6], bool* handled);

}  // namespace weft::hooks::sync

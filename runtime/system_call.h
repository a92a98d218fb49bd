// system_call.h: what another kernel thread of this process is doing in the kernel.
//
// Layer:  runtime.
#pragma once
#include <sys/types.h>

#include <cstdint>

namespace weft::runtime {

struct SystemCall {
  enum class State : std::uint8_t {
    kUnknown,  // /proc does not say
    kRuns,     // it has, or waits for, a CPU
    kCall,     // it waits in a system call
    kFault,    // it waits for memory
  };
  State state = State::kUnknown;
  long number = -1;
  std::uintptr_t code = 0;  // where it has entered the kernel, or 0
};

/// Opens a file for a moment.
SystemCall system_call_of(pid_t kernel_tid);

/// Null for calls that nobody waits in.
const char* system_call_name(long number);

}  // namespace weft::runtime

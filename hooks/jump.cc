// jump.cc: longjmp and its kin, as a table.
#include <setjmp.h>

#include <cstdint>
#include <cstring>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"

namespace weft::hooks {

using runtime::Fiber;

namespace {

// libc sets the mask that was saved by a way of its own. Whatever call is left, the fiber is in it
// no more.
void restore_mask(const struct __jmp_buf_tag* buffer) {
  Fiber* const self = runtime::current();
  if (self != nullptr && self->is_blocking.exchange(false)) {
    runtime::OutsideWait::leave_all(*self);
  }
  if (buffer->__mask_was_saved != 0 && self != nullptr && is_on(Group::kSignal)) {
    std::uint64_t mask = 0;
    std::memcpy(&mask, &buffer->__saved_mask, sizeof mask);
    set_fiber_mask(mask);
  }
}

[[noreturn]] void jump(struct __jmp_buf_tag* buffer, int value) {
  restore_mask(buffer);
  real::longjmp(buffer, value);
  __builtin_unreachable();
}

[[noreturn]] void jump_checked(struct __jmp_buf_tag* buffer, int value) {
  restore_mask(buffer);
  real::longjmp_checked(buffer, value);
  __builtin_unreachable();
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                 how
void longjmp      (struct __jmp_buf_tag* buffer, int value)            { jump(buffer, value); }
void _longjmp     (struct __jmp_buf_tag* buffer, int value)            { jump(buffer, value); }
void siglongjmp   (struct __jmp_buf_tag* buffer, int value)            { jump(buffer, value); }
void __longjmp_chk(struct __jmp_buf_tag* buffer, int value)            { jump_checked(buffer, value); }
}
// clang-format on

}  // namespace weft::hooks

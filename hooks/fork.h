// fork.h: what the hooks do around fork(2).
//
// Layer:  hooks.
#pragma once

namespace weft::hooks {

/// Registers handlers with libc. Called first of all that register any: then ours run first in a
/// child, so that the program's own may already wait there.
void prepare_for_forks();

}  // namespace weft::hooks

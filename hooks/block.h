// block.h: calls that hold their kernel thread while they wait, under the hooks' own name.
//
// Layer:  hooks.      See also: runtime/block.h, hooks/unannounced.h.
#pragma once
#include "runtime/block.h"

namespace weft::hooks {

using runtime::block;
using runtime::Blocking;

}  // namespace weft::hooks

// arguments.h: rows of tables with variable arguments.
//
// Layer:  hooks.
#pragma once
#include <stdarg.h>

/// The body of a function whose last named parameter is `last`: returns `call`, an int, which may
/// use the rest as `list`.
#define WEFT_ARGUMENTS(last, call) \
  va_list list;                    \
  va_start(list, last);            \
  const int result = call;         \
  va_end(list);                    \
  return result

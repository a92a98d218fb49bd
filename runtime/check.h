// check.h: facts that must hold. A broken one prints what was wrong and ends the process.
//
// Layer:  runtime. Safe before constructors and on any stack: raw system calls only.
#pragma once

namespace weft::runtime {

/// Prints `weft: fatal: FACT (FILE:LINE)` and aborts.
[[noreturn, gnu::cold]] void check_failed(const char* fact, const char* file, int line);

/// Writes the parts one after another to standard error, ended by a newline, in one write.
void print_line(const char* a, const char* b = "", const char* c = "", const char* d = "",
                const char* e = "");

}  // namespace weft::runtime

/// Always on: for facts whose breach would corrupt memory.
#define WEFT_CHECK(condition, fact)                            \
  do {                                                         \
    if (__builtin_expect(!(condition), 0)) {                   \
      ::weft::runtime::check_failed(fact, __FILE__, __LINE__); \
    }                                                          \
  } while (false)

#ifdef WEFT_DEBUG
#define WEFT_DCHECK(condition, fact) WEFT_CHECK(condition, fact)
#else
#define WEFT_DCHECK(condition, fact) \
  do {                               \
  } while (false)
#endif

// code_name.h: which function of which object an address of code belongs to.
//
// Layer:  runtime.
#pragma once
#include <cstdint>

namespace weft::runtime {

/// Null where it is not known.
struct CodeName {
  const char* object = nullptr;  // the file's name without its folders; of the program itself: null
  std::uintptr_t offset = 0;     // in the object, as addr2line(1) takes it
  const char* function = nullptr;  // only those that the object exports have names
};

/// Takes no lock and allocates nothing, unlike dladdr(3): the thread that runs the code may hold
/// the loader's lock. The names belong to the object.
CodeName code_name(std::uintptr_t address);

}  // namespace weft::runtime

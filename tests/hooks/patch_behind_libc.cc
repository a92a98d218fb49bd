// A program that is not linked with libweft_hooks, and loads it later: its calls do not pass there.
// patch_all says so. The argument is the library.
#include <dlfcn.h>

#include <cstdio>
#include <system_error>

#include "weft/patch.h"

int main(int argc, char** argv) {
  void* const library = argc == 2 ? ::dlopen(argv[1], RTLD_NOW) : nullptr;
  using PatchAll = void(const weft::PatchOptions&);
  auto* const patch_all = library == nullptr
                              ? nullptr
                              : reinterpret_cast<PatchAll*>(
                                    ::dlsym(library, "_ZN4weft9patch_allERKNS_12PatchOptionsE"));
  if (patch_all == nullptr) {
    std::puts(::dlerror());
    return 2;
  }
  try {
    patch_all({});
  } catch (const std::system_error& error) {
    std::puts(error.what());
    return error.code().value() == ENOTSUP ? 0 : 1;
  }
  return 1;
}

// A patched program under `weft run`, where all its calls come to weft already.
#include <weft/patch.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

int main() {
  try {
    weft::patch_all();
  } catch (const std::system_error& error) {
    std::puts(error.what());
    return error.code().value() == EALREADY ? 0 : 1;
  }
  return 1;
}

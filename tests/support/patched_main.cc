// tests/support/patched_main.cc: main() of the same test, patched in-process.
#include <weft/patch.h>

#include "tests/support/run_tests.h"

int main(int argc, char** argv) {
  weft::patch_all();
  return weft::test::run_tests(&argc, argv);
}

// tests/support/run_tests.h: the part of main() that the native and the patched binaries share.
#pragma once

namespace weft::test {

/// Runs all GoogleTest tests. A test that hangs is ended with its process: the kernel's own alarm
/// clock still works when the scheduler under test does not.
int run_tests(int* argc, char** argv);

}  // namespace weft::test

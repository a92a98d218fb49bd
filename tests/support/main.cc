// tests/support/main.cc: main() of a conformance test that knows nothing of weft.
#include "tests/support/run_tests.h"

int main(int argc, char** argv) { return weft::test::run_tests(&argc, argv); }

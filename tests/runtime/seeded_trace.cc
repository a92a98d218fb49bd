// Prints the order in which ten fibers take a thousand turns, each with yields, sleeps and a mutex.
#include "tests/runtime/seeded_trace.h"

#include <cstdio>

int main() { std::puts(weft::test::trace().c_str()); }

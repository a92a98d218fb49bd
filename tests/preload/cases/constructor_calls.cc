// The program around the library: it uses the same lock, to see that it is still whole.
#include <cstdio>

extern "C" int constructor_calls_lock();

int main() {
  std::printf("main: lock %d\n", constructor_calls_lock());
  return 0;
}

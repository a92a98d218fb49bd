// hello.cc: three fibers sleep at the same time, on one thread; the shortest sleeper speaks first.
#include <weft/weft.h>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

int main() {
  const auto greet = [](const char* whom, std::chrono::milliseconds delay) {
    weft::sleep(delay);
    std::printf("hello, %s, after %d ms\n", whom, static_cast<int>(delay.count()));
  };
  weft::joinall({weft::spawn(greet, "world", 30ms), weft::spawn(greet, "fiber", 10ms),
                 weft::spawn(greet, "thread", 20ms)});
  std::puts("all done, in 30 ms instead of 60");
}

// A lookup in a patched program that takes too long, and one whose fiber is killed. In the world of
// world.sh `silent` never answers: libc would wait for ten seconds.
#include <netdb.h>
#include <weft/patch.h>
#include <weft/timeout.h>
#include <weft/weft.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace std::chrono_literals;

int look_up(const char* name) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name, nullptr, &hints, &list);
  if (error == 0) {
    freeaddrinfo(list);
  }
  return error;
}

void check(bool is_right, const char* what) {
  if (!is_right) {
    std::printf("failed: %s\n", what);
    std::_Exit(1);
  }
}

}  // namespace

int main() {
  weft::patch_all();
  const auto begin = std::chrono::steady_clock::now();
  int error = 0;
  const bool is_in_time = weft::Timeout(100ms).silent([&] { error = look_up("silent.test"); });
  check(!is_in_time && error == EAI_AGAIN, "the time is up");
  error = 0;
  const auto fiber = weft::spawn([&] {
    error = look_up("silent.test");
    weft::sleep(10s);
  });
  check(!fiber.join_for(100ms), "the fiber waits");
  fiber.kill();
  check(fiber.was_killed() && error == EAI_AGAIN, "the fiber is killed");
  // Libc's ten seconds would be beyond it; two times 100 ms are far within.
  check(std::chrono::steady_clock::now() - begin < 5s, "neither takes long");
  check(look_up("four.test") == 0, "the next lookup finds");
}

// A static constructor that starts a thread and talks to it through a socket, all before main().
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

int ends[2];
pthread_t thread;

void* echo(void*) {
  char text[16];
  for (;;) {
    const ssize_t n = read(ends[1], text, sizeof text);
    if (n <= 0 || write(ends[1], text, static_cast<std::size_t>(n)) != n) {
      return nullptr;
    }
  }
}

std::string ask(const std::string& text) {
  std::string answer(text.size(), '\0');
  if (write(ends[0], text.data(), text.size()) < 0 ||
      read(ends[0], answer.data(), answer.size()) < 0) {
    return "failed";
  }
  return answer;
}

struct Early {
  Early() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
        pthread_create(&thread, nullptr, echo, nullptr) != 0) {
      std::abort();
    }
    std::printf("before main: %s\n", ask("early").c_str());
  }
} const early;

}  // namespace

extern "C" void early_library_ask(const char* text) {
  std::printf("%s: %s\n", text, ask("answer").c_str());
}

extern "C" void early_library_stop() {
  shutdown(ends[0], SHUT_WR);
  std::printf("join: %d\n", pthread_join(thread, nullptr));
}

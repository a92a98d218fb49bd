// Uses, in main and in an atexit handler, a thread that a library started before main().
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

extern "C" void early_library_ask(const char* text);
extern "C" void early_library_stop();

namespace {

void* ask_later(void*) {
  usleep(5000);
  early_library_ask("thread made at exit");
  return nullptr;
}

void at_exit() {
  early_library_ask("atexit");
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, ask_later, nullptr) == 0) {
    pthread_join(thread, nullptr);
  }
  early_library_stop();
}

}  // namespace

int main() {
  std::atexit(at_exit);
  usleep(2000);
  early_library_ask("main");
  return 0;
}

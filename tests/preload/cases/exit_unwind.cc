// pthread_exit unwinds C++ frames: destructors run, catch (...) sees it and passes it on, values
// reach join.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

namespace {

std::mutex mutex;

struct Named {
  explicit Named(const char* text) : name(text) {}
  ~Named() {
    usleep(1000);  // a destructor may block
    std::printf("~%s\n", name);
  }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
  const char* name;
};

void leave() {
  const std::scoped_lock lock(mutex);
  const Named inner("inner");
  static int result = 42;
  pthread_exit(&result);
}

void* run(void*) {
  const Named outer("outer");
  try {
    const Named middle("middle");
    usleep(1000);
    leave();
  } catch (...) {
    std::puts("catch-all");
    throw;
  }
  std::puts("not reached");
  return nullptr;
}

}  // namespace

int main() {
  for (int i = 0; i < 2; ++i) {
    pthread_t thread{};
    void* result = nullptr;
    if (pthread_create(&thread, nullptr, run, nullptr) != 0 || pthread_join(thread, &result) != 0) {
      return 1;
    }
    std::printf("result %d, lock %s\n", *static_cast<int*>(result),
                mutex.try_lock() ? "free" : "held");
    mutex.unlock();
  }
  return 0;
}

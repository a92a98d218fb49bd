// Names are looked up while the caller holds a lock of the language or of the loader: in
// pthread_once, in the constructor of a static object, and in the constructor of a library that
// dlopen loads; meanwhile other threads open libraries and unwind their stacks.
#include <dlfcn.h>
#include <netdb.h>

#include <stdexcept>
#include <string>

#include "check.h"

namespace {

const char* library;

int look_up() {
  addrinfo* found = nullptr;
  const int error = getaddrinfo("localhost", "80", nullptr, &found);
  if (error == 0) freeaddrinfo(found);
  return error;
}

void* in_once(void*) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, [] {
    CHECK(look_up() == 0);
    nap_ms(5);
  });
  return nullptr;
}

void* in_static(void*) {
  static const int kError = [] {
    nap_ms(5);
    return look_up();
  }();
  CHECK(kError == 0);
  return nullptr;
}

void* in_dlopen(void*) {
  void* const handle = dlopen(library, RTLD_NOW);
  CHECK(handle != nullptr);
  CHECK(*static_cast<int*>(dlsym(handle, "c18_error")) == 0);
  CHECK(dlclose(handle) == 0);
  return nullptr;
}

void* throws(void*) {
  for (int i = 0; i < 50; ++i) {
    try {
      nap_ms(1);
      throw std::runtime_error("unwinding asks the loader");
    } catch (const std::runtime_error& error) {
      CHECK(error.what() == std::string("unwinding asks the loader"));
    }
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kEach = 5;
  void* (*const bodies[])(void*) = {in_once, in_static, in_dlopen, throws};
  pthread_t threads[kEach * 4];
  CHECK(argc == 2);
  library = argv[1];
  alarm(10);
  for (int i = 0; i < kEach * 4; ++i) threads[i] = start(bodies[i % 4], nullptr);
  for (const pthread_t thread : threads) join(thread);
  return 0;
}

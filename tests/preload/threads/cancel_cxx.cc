// cancel_cxx.cc: destructors, catch blocks and thread_local objects at cancellation and exit.
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <stdexcept>

namespace {

int no_data[2];
sem_t started;
pthread_key_t key;
pthread_once_t once = PTHREAD_ONCE_INIT;
int attempts;

struct Loud {
  const char* name;
  explicit Loud(const char* text) : name(text) {}
  Loud(const Loud&) = delete;
  Loud& operator=(const Loud&) = delete;
  ~Loud() {
    usleep(1000);
    std::printf("  ~%s\n", name);
  }
};

thread_local Loud first_local("first thread_local");
thread_local Loud second_local("second thread_local");

void destroy(void* name) { std::printf("  destructor of %s\n", static_cast<const char*>(name)); }

void touch_locals() {
  if (first_local.name == nullptr || second_local.name == nullptr) std::puts("no locals");
  pthread_setspecific(key, const_cast<char*>("a key"));
}

// On the stack, so a handler that runs elsewhere, or after the frame is gone, prints something
// else.
void* blocks(void* call) {
  int frame = 42;
  struct Check {
    int* value;
    ~Check() { std::printf("  frame: %d\n", *value); }
  } check{&frame};
  touch_locals();
  Loud outer("outer");
  try {
    Loud inner("inner");
    sem_post(&started);
    reinterpret_cast<void (*)()>(call)();
    std::puts("  returned");
  } catch (const std::exception&) {
    std::puts("  not an exception of the program");
  } catch (...) {
    std::puts("  catch (...) rethrows");
    throw;
  }
  return nullptr;
}

void in_read() {
  char byte;
  if (read(no_data[0], &byte, 1) != 1) std::puts("  no data");
}

void in_sleep() { sleep(1000); }
void in_exit() { pthread_exit(const_cast<char*>("a value")); }

void in_wait() {
  static std::mutex mutex;
  static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  std::unique_lock lock(mutex);
  pthread_cond_wait(&condition, mutex.native_handle());
}

void in_exit_while_unwinding() {
  struct Sleeps {
    ~Sleeps() {
      try {
        throw std::runtime_error("within a destructor");
      } catch (const std::runtime_error& error) {
        usleep(1000);
        std::printf("  caught %s\n", error.what());
      }
    }
  } sleeps;
  pthread_exit(nullptr);
}

// A thread that has an exception in its hands is cancelled.
void in_catch() {
  try {
    throw std::runtime_error("handled");
  } catch (const std::runtime_error&) {
    Loud within("in the handler");
    in_sleep();
  }
}

void run(const char* name, void (*call)(), bool is_cancelled) {
  pthread_t thread;
  void* result = nullptr;
  std::puts(name);
  if (pthread_create(&thread, nullptr, blocks, reinterpret_cast<void*>(call)) != 0) return;
  sem_wait(&started);
  if (is_cancelled) {
    usleep(10000);
    pthread_cancel(thread);
  }
  pthread_join(thread, &result);
  std::puts(result == PTHREAD_CANCELED ? "cancelled" : result == nullptr ? "null" : "a value");
}

void first_attempt_throws() {
  std::printf("  attempt %d\n", ++attempts);
  if (attempts == 1) throw std::runtime_error("first attempt");
}

void* calls_once(void*) {
  try {
    pthread_once(&once, first_attempt_throws);
  } catch (const std::runtime_error& error) {
    std::printf("  caught %s\n", error.what());
    pthread_once(&once, first_attempt_throws);
  }
  return nullptr;
}

}  // namespace

int main() {
  pthread_t thread;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  alarm(20);
  if (pipe(no_data) != 0) return 1;
  sem_init(&started, 0, 0);
  pthread_key_create(&key, destroy);
  run("read", in_read, true);
  run("sleep", in_sleep, true);
  run("pthread_cond_wait", in_wait, true);
  run("sleep in a catch block", in_catch, true);
  run("pthread_exit", in_exit, false);
  run("pthread_exit with exceptions in destructors", in_exit_while_unwinding, false);
  run(
      "return", [] {}, false);
  pthread_create(&thread, nullptr, calls_once, nullptr);
  pthread_join(thread, nullptr);
  touch_locals();
}

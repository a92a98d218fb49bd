// micro_threads.cc: the micro benchmarks on kernel threads, by libc's calls.
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

#include "tests/bench/micro.h"

namespace {

struct Threads {
  static constexpr const char* kName = "threads";
  using Handle = pthread_t;

  static void run(bench::Work work, void* argument) { work(argument); }
  static Handle spawn(bench::Work work, void* argument) {
    pthread_t thread{};
    const int error = ::pthread_create(&thread, nullptr, work, argument);
    if (error != 0) {
      std::fprintf(stderr, "pthread_create: %s\n", std::strerror(error));
      ::_exit(1);
    }
    return thread;
  }
  static void join(Handle& thread) { ::pthread_join(thread, nullptr); }
  static void yield() { ::sched_yield(); }
  static void sleep(unsigned milliseconds) { ::usleep(1000 * milliseconds); }
  static void park() { ::sleep(3600); }

  struct Semaphore {
    sem_t semaphore;

    Semaphore() { ::sem_init(&semaphore, 0, 0); }
    void release() { ::sem_post(&semaphore); }
    void acquire() { ::sem_wait(&semaphore); }
  };
  struct Monitor {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

    void lock() { ::pthread_mutex_lock(&mutex); }
    void unlock() { ::pthread_mutex_unlock(&mutex); }
    void wait() { ::pthread_cond_wait(&changed, &mutex); }
    void notify() { ::pthread_cond_signal(&changed); }
  };
};

}  // namespace

int main(int argc, char** argv) { return bench::run_micro<Threads>(argc, argv); }

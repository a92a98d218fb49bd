// micro_st.cc: the micro benchmarks on State Threads.
#include <st.h>

#include "tests/bench/micro.h"

namespace {

struct StateThreads {
  static constexpr const char* kName = "State Threads";
  using Handle = st_thread_t;

  static void run(bench::Work work, void* argument) {
    st_set_eventsys(ST_EVENTSYS_ALT);
    st_init();
    work(argument);
  }
  static Handle spawn(bench::Work work, void* argument) {
    return st_thread_create(work, argument, 1, 0);
  }
  static void join(Handle& thread) { st_thread_join(thread, nullptr); }
  static void yield() { st_usleep(0); }  // it has no other way
  static void sleep(unsigned milliseconds) { st_usleep(1000UL * milliseconds); }
  static void park() { st_sleep(3600); }

  struct Semaphore {
    st_cond_t changed = st_cond_new();
    int permits = 0;

    void release() {
      ++permits;
      st_cond_signal(changed);
    }
    void acquire() {
      while (permits == 0) {
        st_cond_wait(changed);
      }
      --permits;
    }
  };
  // Its conditions know no mutex.
  struct Monitor {
    st_mutex_t mutex = st_mutex_new();
    st_cond_t changed = st_cond_new();

    void lock() { st_mutex_lock(mutex); }
    void unlock() { st_mutex_unlock(mutex); }
    void wait() {
      st_mutex_unlock(mutex);
      st_cond_wait(changed);
      st_mutex_lock(mutex);
    }
    void notify() { st_cond_signal(changed); }
  };
  // It has none of its own: from hand to hand, the sender waits until it is taken.
  struct Channel {
    st_cond_t sent = st_cond_new();
    st_cond_t taken = st_cond_new();
    int value = 0;
    bool full = false;

    void send(int item) {
      value = item;
      full = true;
      st_cond_signal(sent);
      while (full) {
        st_cond_wait(taken);
      }
    }
    int receive() {
      while (!full) {
        st_cond_wait(sent);
      }
      full = false;
      st_cond_signal(taken);
      return value;
    }
  };
};

}  // namespace

int main(int argc, char** argv) { return bench::run_micro<StateThreads>(argc, argv); }

// idle_calls.cc: what a call costs that has nothing to wait for. Built twice: as a program that
// knows nothing of weft, for native runs and `weft run`; and with patch_all() in it
// (idle_calls_patched).
//
//   idle_calls nonblock|mutex|thread COUNT
//
// nonblock: reads from an empty pipe that the program has made non-blocking. mutex: locks and
// unlocks one that nobody else wants, in a program with a second thread. thread: writes to
// /dev/null on a thread that was there before patch_all(), and so is no fiber.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#ifdef WEFT_BENCH_PATCH
#include <weft/patch.h>
#endif

#include "tests/bench/micro.h"

namespace {

void read_non_blocking(long count) {
  std::array<int, 2> pipe{};
  char byte = 0;
  if (::pipe2(pipe.data(), O_NONBLOCK) != 0) {
    return;
  }
  const bench::Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    if (::read(pipe[0], &byte, 1) >= 0) {
      return;
    }
  }
  watch.print_each(count);
}

void lock_mutex(long count) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const bench::Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    ::pthread_mutex_lock(&mutex);
    ::pthread_mutex_unlock(&mutex);
  }
  watch.print_each(count);
}

void write_to_null(long count) {
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const bench::Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    if (::write(fd, "", 1) != 1) {
      return;
    }
  }
  watch.print_each(count);
}

// A thread that waits for a byte, then does the work.
struct Second {
  std::array<int, 2> go{};
  void (*work)(long) = nullptr;
  long count = 0;
  pthread_t id{};

  void start() {
    if (::pipe(go.data()) != 0 ||
        ::pthread_create(
            &id, nullptr,
            [](void* argument) -> void* {
              auto* const self = static_cast<Second*>(argument);
              char byte = 0;
              if (::read(self->go[0], &byte, 1) == 1 && self->work != nullptr) {
                self->work(self->count);
              }
              return nullptr;
            },
            this) != 0) {
      std::perror("idle_calls");
      std::exit(1);
    }
  }
  void end() const {
    if (::write(go[1], "", 1) == 1) {
      ::pthread_join(id, nullptr);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc == 3 ? argv[1] : "";
  const long count = argc == 3 ? std::atol(argv[2]) : 0;
  if (count < 1 || (name != "nonblock" && name != "mutex" && name != "thread")) {
    std::fprintf(stderr, "usage: idle_calls nonblock|mutex|thread COUNT\n");
    return 2;
  }
  Second second;
  second.work = name == "thread" ? write_to_null : nullptr;
  second.count = count;
  second.start();
#ifdef WEFT_BENCH_PATCH
  weft::patch_all();
#endif
  if (name == "nonblock") {
    read_non_blocking(count);
  } else if (name == "mutex") {
    lock_mutex(count);
  }
  second.end();
  return 0;
}

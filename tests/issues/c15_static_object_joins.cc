// The destructor of a static object joins a thread that works until then; main returns, exit is
// called in a thread, and main leaves by pthread_exit, each with its own exit code and at once.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "check.h"

namespace {

class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_) changed_.wait(lock);
    nap_ms(10);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

void make_static_worker() { static Worker worker; }

int returns() { return 3; }

int exits_in_thread() {
  std::thread([] { std::exit(4); }).detach();
  for (;;) pause();
}

int leaves_with_detached_thread() {
  std::thread([] {
    for (;;) pause();
  }).detach();
  return 5;
}

int leaves_main() {
  std::thread([] {
    nap_ms(20);
    std::exit(6);
  }).detach();
  pthread_exit(nullptr);
}

void expect_code(const char* program, const char* mode, int code) {
  const double begin = seconds_now();
  const pid_t child = fork();
  if (child == 0) {
    execl(program, program, mode, nullptr);
    _exit(127);
  }
  expect_exit(child, code);
  CHECK(seconds_now() - begin < 1);
}

}  // namespace

int main(int argc, char** argv) {
  alarm(20);
  if (argc == 1) {
    expect_code(argv[0], "returns", 3);
    expect_code(argv[0], "exits in a thread", 4);
    expect_code(argv[0], "detached", 5);
    expect_code(argv[0], "leaves main", 6);
    return 0;
  }
  make_static_worker();
  switch (argv[1][0]) {
    case 'r':
      return returns();
    case 'e':
      return exits_in_thread();
    case 'd':
      return leaves_with_detached_thread();
    default:
      return leaves_main();
  }
}

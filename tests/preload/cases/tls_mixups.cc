// A thousand threads, each with its own thread_local objects, errno, exception, locale and streams.
// Symptom if threads share a kernel thread and its TLS: one finds the values of another.
#include <langinfo.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kThreads = 1000;
constexpr int kRounds = 5;

std::atomic<int> mixups{0};
std::atomic<int> constructed{0};
std::atomic<int> destroyed{0};

void check(bool fine) { mixups += fine ? 0 : 1; }

struct Object {
  Object() { ++constructed; }
  ~Object() {
    ++destroyed;
    check(owner == pthread_self());
  }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  pthread_t owner = pthread_self();
  std::string text;
};

thread_local Object object;
thread_local int number = -1;

void pause_thread(int seed) { usleep(static_cast<useconds_t>(200 + seed * 37 % 1500)); }

void use_exceptions(int id) {
  std::exception_ptr kept;
  try {
    throw std::runtime_error(std::to_string(id));
  } catch (const std::exception& error) {
    kept = std::current_exception();
    pause_thread(id);
    check(error.what() == std::to_string(id));
    try {
      pause_thread(id + 1);
      throw id;
    } catch (int inner) {
      pause_thread(id + 2);
      check(inner == id);
    }
    check(std::uncaught_exceptions() == 0);
  }
  pause_thread(id + 3);
  try {
    std::rethrow_exception(kept);
  } catch (const std::runtime_error& error) {
    pause_thread(id + 4);
    check(error.what() == std::to_string(id));
  }
}

void use_streams(int id) {
  std::ostringstream out;
  out << std::setfill('0') << std::setw(6) << id;
  pause_thread(id);
  out << ' ' << std::fixed << std::setprecision(2) << id / 4.0;
  std::istringstream in(out.str());
  int back = 0;
  double quarter = 0;
  in >> back;
  pause_thread(id + 1);
  in >> quarter;
  check(back == id && quarter == id / 4.0);
}

void* run(void* argument) {
  const int id = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
  const bool utf8 = id % 2 == 0;
  locale_t locale = newlocale(LC_ALL_MASK, utf8 ? "C.UTF-8" : "C", nullptr);
  uselocale(locale);
  check(number == -1 && object.text.empty());
  number = id;
  object.text = "thread " + std::to_string(id);
  for (int round = 0; round < kRounds; ++round) {
    errno = 1000 + id;
    sched_yield();
    check(errno == 1000 + id);
    use_exceptions(id);
    use_streams(id);
    check(number == id);
    check(object.text == "thread " + std::to_string(id));
    check(uselocale(nullptr) == locale);
    check((std::string(nl_langinfo(CODESET)) == "UTF-8") == utf8);
  }
  uselocale(LC_GLOBAL_LOCALE);
  freelocale(locale);
  return argument;
}

}  // namespace

int main() {
  std::vector<pthread_t> threads(kThreads);
  int started = 0;
  for (pthread_t& thread : threads) {
    void* const id = reinterpret_cast<void*>(static_cast<std::intptr_t>(started));
    if (pthread_create(&thread, nullptr, run, id) != 0) {
      std::printf("pthread_create failed after %d\n", started);
      return 1;
    }
    ++started;
  }
  int joined = 0;
  for (int id = 0; id < kThreads; ++id) {
    void* result = nullptr;
    pthread_join(threads[static_cast<std::size_t>(id)], &result);
    joined += reinterpret_cast<std::intptr_t>(result) == id ? 1 : 0;
  }
  std::printf("joined %d\nmix-ups %d\nconstructed %d\ndestroyed %d\n", joined, mixups.load(),
              constructed.load(), destroyed.load());
  return 0;
}

// A constructor that calls what is intercepted, before main() and perhaps before weft has started.
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_once_t once = PTHREAD_ONCE_INIT;

double seconds_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void use_descriptors() {
  int ends[2];
  char text[8] = "";
  std::printf("socketpair %d\n", socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  pollfd entry{.fd = ends[0], .events = POLLIN, .revents = 0};
  std::printf("poll %d\n", poll(&entry, 1, 20));
  const auto sent = write(ends[1], "abc", 3);
  std::printf("write %zd\n", sent);
  std::printf("poll %d\n", poll(&entry, 1, -1));
  const auto got = read(ends[0], text, sizeof text);
  std::printf("read %zd %s\n", got, text);
  errno = 0;
  const auto nothing = recv(ends[0], text, 1, MSG_DONTWAIT);
  std::printf("recv %zd %s\n", nothing, errno == EAGAIN ? "EAGAIN" : "?");
  close(ends[0]);
  close(ends[1]);
}

__attribute__((constructor)) void before_main() {
  std::puts("constructor");
  use_descriptors();
  const int locked = pthread_mutex_lock(&mutex);
  std::printf("lock %d, again %d\n", locked, pthread_mutex_trylock(&mutex) == EBUSY ? 1 : 0);
  std::printf("unlock %d\n", pthread_mutex_unlock(&mutex));
  pthread_once(&once, [] { std::puts("once"); });
  const double start = seconds_now();
  usleep(20'000);
  sleep(1);
  std::puts(seconds_now() - start >= 1.02 ? "slept" : "woke early");
}

__attribute__((destructor)) void after_main() {
  std::puts("destructor");
  use_descriptors();
}

}  // namespace

extern "C" int constructor_calls_lock() { return pthread_mutex_lock(&mutex); }

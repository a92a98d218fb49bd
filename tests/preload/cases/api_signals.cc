// A program of the API's, whose only threads are fibers, sends itself signals. Under `weft run`
// that was its end: by a signal of weft's own.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <weft/weft.h>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

int main() {
  weft::Semaphore calls;
  const auto handler = weft::on_signal(SIGUSR1, [&calls](int) { calls.release(); });
  const auto is_called = [&calls] { return calls.try_acquire_for(10s) ? "yes" : "no"; };
  ::kill(::getpid(), SIGUSR1);
  std::printf("kill: %s\n", is_called());
  ::raise(SIGUSR1);
  std::printf("raise: %s\n", is_called());
  ::pthread_kill(::pthread_self(), SIGUSR1);
  std::printf("pthread_kill: %s\n", is_called());
  weft::spawn([] { ::raise(SIGUSR1); }).join();
  std::printf("raise in a fiber: %s\n", is_called());
}

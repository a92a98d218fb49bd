/* A handler of SIGINT runs within milliseconds while all threads wait. */
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

enum { kThreads = 50, kSignals = 1000 };

struct shared {
  volatile double sent;
  sem_t handled;
};

static struct shared* shared;
static sem_t never;
static volatile sig_atomic_t count;
static double latencies[kSignals];

static void on_interrupt(int signal) {
  (void)signal;
  if (count < kSignals) latencies[count++] = seconds_now() - shared->sent;
  sem_post(&shared->handled);
}

static void* waits(void* unused) {
  while (sem_wait(&never) != 0) continue;
  return unused;
}

static int by_value(const void* a, const void* b) {
  const double difference = *(const double*)a - *(const double*)b;
  return (difference > 0) - (difference < 0);
}

static void send_signals(pid_t parent) {
  alarm(20);
  for (int i = 0; i < kSignals; i++) {
    shared->sent = seconds_now();
    CHECK(kill(parent, SIGINT) == 0);
    CHECK(sem_wait(&shared->handled) == 0);
  }
  _exit(0);
}

int main(void) {
  pthread_t threads[kThreads];
  sigset_t interrupt;
  sigset_t before;
  alarm(20);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED);
  sem_init(&shared->handled, 1, 0);
  sem_init(&never, 0, 0);
  signal(SIGINT, on_interrupt);
  for (int i = 0; i < kThreads; i++) threads[i] = start(waits, NULL);
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) send_signals(parent);
  while (count < kSignals) sigsuspend(&before);
  expect_exit(child, 0);
  for (int i = 0; i < kThreads; i++) sem_post(&never);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  qsort(latencies, kSignals, sizeof latencies[0], by_value);
  printf("median %.0f us, p99 %.0f us\n", latencies[kSignals / 2] * 1e6,
         latencies[kSignals * 99 / 100] * 1e6);
  CHECK(latencies[kSignals * 99 / 100] < 0.005);
  return 0;
}

/* Threads that read what is always there, and that only yield, do not keep a 10 ms timer, nor a
 * reader, from its turn. */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>

#include "check.h"

enum { kTicks = 40 };

static atomic_int stop;

static void* reads_always(void* unused) {
  char byte;
  const int zero = open("/dev/zero", O_RDONLY);
  CHECK(zero >= 0);
  while (!atomic_load(&stop)) CHECK(read(zero, &byte, 1) == 1);
  close(zero);
  return unused;
}

static void* uses_full_pipe(void* unused) {
  int ends[2];
  char byte = 'x';
  CHECK(pipe(ends) == 0);
  CHECK(write(ends[1], "yyyy", 4) == 4);
  while (!atomic_load(&stop)) {
    CHECK(read(ends[0], &byte, 1) == 1);
    CHECK(write(ends[1], &byte, 1) == 1);
  }
  return unused;
}

static void* yields(void* unused) {
  while (!atomic_load(&stop)) sched_yield();
  return unused;
}

static void* naps_for_nothing(void* unused) {
  while (!atomic_load(&stop)) usleep(0);
  return unused;
}

static int by_value(const void* a, const void* b) {
  const double difference = *(const double*)a - *(const double*)b;
  return (difference > 0) - (difference < 0);
}

static void expect_in_time(const char* name, double* late, double limit) {
  qsort(late, kTicks, sizeof late[0], by_value);
  printf("%s: median %.1f ms late, worst %.1f\n", name, late[kTicks / 2] * 1e3,
         late[kTicks - 1] * 1e3);
  CHECK(late[0] >= 0);
  CHECK(late[kTicks / 2] < limit); /* not the worst: other programs use the machine, too */
}

int main(void) {
  void* (*const spinners[])(void*) = {reads_always, uses_full_pipe, yields, naps_for_nothing};
  double late[kTicks];
  double asked[kTicks];
  pthread_t threads[4];
  int ends[2];
  alarm(20);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const pthread_t echo = start(echo_bytes, &ends[1]);
  for (int i = 0; i < 4; i++) threads[i] = start(spinners[i], NULL);
  for (int i = 0; i < kTicks; i++) {
    const double begin = seconds_now();
    nap_ms(10);
    late[i] = seconds_now() - begin - 0.01;
  }
  for (int i = 0; i < kTicks; i++) {
    const double begin = seconds_now();
    ask_echo(ends[0], 1);
    asked[i] = seconds_now() - begin;
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < 4; i++) join(threads[i]);
  shutdown(ends[0], SHUT_WR);
  join(echo);
  expect_in_time("timer", late, 0.005);
  expect_in_time("answer", asked, 0.015); /* two switches, past four spinners each */
  return 0;
}

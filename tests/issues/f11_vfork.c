/* Children by vfork end by _exit or exec, also far down the stack, and close what they have and
 * wait, while other threads wait. Their parent gets their statuses, and goes on with its threads.
 */
#include <spawn.h>

#include "check.h"

enum { kRounds = 30, kWaiters = 8 };

static int pairs[kWaiters][2];

/* Its frame is gone when the parent goes on: natively the parent goes on after the child, in it. */
static __attribute__((noinline)) pid_t make_child(int depth, int status) {
  volatile char room[256];
  memset((void*)room, depth, sizeof room);
  if (depth > 0) {
    const pid_t deeper = make_child(depth - 1, status);
    CHECK(room[17] == depth);
    return deeper;
  }
  const pid_t child = vfork();
  if (child == 0) {
    for (int fd = 3; fd < 200; fd++) close(fd);
    if (status == 0) execl("/bin/true", "true", (char*)NULL);
    _exit(status);
  }
  CHECK(child > 0);
  return child;
}

static void* echoes(void* pair) { return echo_bytes(pair); }

static void* makes_children(void* unused) {
  for (int i = 0; i < kRounds; i++) expect_exit(make_child(i % 10, i % 3 * 7), i % 3 * 7);
  return unused;
}

int main(void) {
  pthread_t waiters[kWaiters];
  alarm(40);
  for (int i = 0; i < kWaiters; i++) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) == 0);
    waiters[i] = start(echoes, &pairs[i][0]);
  }
  const pthread_t first = start(makes_children, NULL);
  const pthread_t second = start(makes_children, NULL);
  makes_children(NULL);
  join(first);
  join(second);
  for (int i = 0; i < kWaiters; i++) {
    ask_echo(pairs[i][1], 10);
    CHECK(close(pairs[i][1]) == 0);
    join(waiters[i]);
  }
  expect_echo_works();
  return 0;
}

/* Of 100 threads that write their process's number, none goes on in a child of fork; not even in a
 * child whose at-fork handler waits. */
#include <fcntl.h>
#include <stdatomic.h>

#include "check.h"

enum { kThreads = 100, kChildren = 50 };

static int file;
static atomic_int stop;

static void* writes_pid(void* unused) {
  while (!atomic_load(&stop)) {
    const pid_t pid = getpid();
    CHECK(write(file, &pid, sizeof pid) == sizeof pid);
    usleep(5000);
  }
  return unused;
}

static void waits(void) { usleep(1000); }

static void make_children(void) {
  pid_t children[kChildren];
  for (int i = 0; i < kChildren; i++) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] == 0) {
      nap_ms(200);
      _exit(0);
    }
  }
  for (int i = 0; i < kChildren; i++) expect_exit(children[i], 0);
}

int main(void) {
  pthread_t threads[kThreads];
  char name[] = "/tmp/weft_pids_XXXXXX";
  pid_t pid;
  long count = 0;
  alarm(20);
  file = mkstemp(name);
  CHECK(file >= 0);
  unlink(name);
  CHECK(fcntl(file, F_SETFL, O_APPEND) == 0);
  for (int i = 0; i < kThreads; i++) threads[i] = start(writes_pid, NULL);
  make_children();
  CHECK(pthread_atfork(NULL, NULL, waits) == 0);
  make_children();
  atomic_store(&stop, 1);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  CHECK(lseek(file, 0, SEEK_SET) == 0);
  for (; read(file, &pid, sizeof pid) == sizeof pid; count++) CHECK(pid == getpid());
  CHECK(count >= kThreads);
  return 0;
}

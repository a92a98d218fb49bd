/* Until standard input ends, `stuck`: three threads hold their kernel threads. One waits in a call
 * that weft leaves alone, one computes, one computes time and again, and says so once it has often.
 * `idle`: a thread sleeps time and again. */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "check.h"

enum { kHops = 20, kNaps = 120 };

static atomic_int stop;
static int full[2];
static int empty[2];

static void begin(const char* name) {
  CHECK(pthread_setname_np(pthread_self(), name) == 0);
  printf("%s is %d\n", name, gettid());
  CHECK(fflush(stdout) == 0);
}

static void say(const char* line) {
  puts(line);
  CHECK(fflush(stdout) == 0);
}

static void* tees(void* unused) {
  begin("tees");
  CHECK(tee(empty[0], full[1], 1, 0) == 1);
  return unused;
}

static void compute_for(double seconds) {
  const double end = seconds_now() + seconds;
  while (!atomic_load(&stop) && seconds_now() < end) {
  }
}

static void* computes(void* unused) {
  begin("computes");
  compute_for(1000);
  return unused;
}

static void* hops(void* unused) {
  begin("hops");
  for (int i = 0; !atomic_load(&stop); i++) {
    compute_for(0.04);
    nap_ms(1);
    if (i == kHops) say("has hopped");
  }
  return unused;
}

static void* idles(void* unused) {
  begin("idles");
  for (int i = 0; !atomic_load(&stop); i++) {
    nap_ms(10);
    if (i == kNaps) say("has idled");
  }
  return unused;
}

int main(int count, char** words) {
  pthread_t threads[3];
  int started = 0;
  char byte = 'x';
  alarm(50);
  CHECK(count == 2);
  CHECK(pipe(full) == 0);
  CHECK(pipe(empty) == 0);
  const int is_idle = strcmp(words[1], "idle") == 0;
  if (is_idle) {
    threads[started++] = start(idles, NULL);
  } else {
    threads[started++] = start(tees, NULL);
    threads[started++] = start(computes, NULL);
    threads[started++] = start(hops, NULL);
  }
  while (read(STDIN_FILENO, &byte, 1) == 1) {
  }
  atomic_store(&stop, 1);
  CHECK(write(empty[1], &byte, 1) == 1);
  while (started > 0) join(threads[--started]);
  puts("end");
  return 0;
}

/* FUTEX_LOCK_PI by syscall(2), contended: threads hand on a private word and one in shared memory;
 * whoever holds it sleeps now and then. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

struct shared {
  uint32_t word, count;
  int error;
};

static struct shared* s;
static int flag; /* FUTEX_PRIVATE_FLAG or none */

static long futex(uint32_t* at, int op) {
  return syscall(SYS_futex, at, op | flag, 0, NULL, NULL, 0);
}

static void* hands_on(void* unused) {
  for (int i = 0; i < 200; i++) {
    if (futex(&s->word, FUTEX_LOCK_PI) != 0) s->error = errno;
    const uint32_t seen = s->count;
    if (i % 10 == 0) usleep(1);
    s->count = seen + 1;
    if (futex(&s->word, FUTEX_UNLOCK_PI) != 0) s->error = errno;
  }
  return unused;
}

static void hand_on(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) threads[i] = start(hands_on, NULL);
  for (int i = 0; i < 4; i++) finish(threads[i]);
}

static void use_pi(void) {
  puts(flag ? "-- private" : "-- shared");
  memset(s, 0, sizeof *s);
  hand_on();
  SAY_NUMBER(s->count);
  SAY_NUMBER(s->error);
}

int main(void) {
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED) return 1;
  flag = FUTEX_PRIVATE_FLAG;
  use_pi();
  flag = 0;
  use_pi();
  return 0;
}

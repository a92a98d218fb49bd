/* futex(2) by syscall(2) with waiters: threads on private words, a child on shared ones; how many
 * are woken, which, and what a moved one waits for. */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kWaiters = 6 };

struct shared {
  uint32_t word, word2, words[4];
  uint32_t entered, left, masks; /* masks: of those who have left */
  int error;
};

static struct shared* s;
static int flag; /* FUTEX_PRIVATE_FLAG or none */

static long futex(uint32_t* at, int op, uint32_t value, uintptr_t value2, uint32_t* at2,
                  uint32_t value3) {
  return syscall(SYS_futex, at, op | flag, value, value2, at2, value3);
}

static uint32_t load(const uint32_t* at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }

/* Until `value` have entered, or left: and longer than it takes to sleep, or to leave too. */
static uint32_t settled(const uint32_t* number, uint32_t value) {
  for (int i = 0; i < 500 && load(number) < value; i++) usleep(1000);
  usleep(20000);
  return load(number);
}

static void* waits(void* mask) {
  __atomic_fetch_add(&s->entered, 1, __ATOMIC_SEQ_CST);
  if (futex(&s->word, FUTEX_WAIT_BITSET, 0, 0, NULL, (uint32_t)(uintptr_t)mask) != 0)
    s->error = errno;
  __atomic_fetch_or(&s->masks, (uint32_t)(uintptr_t)mask, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&s->left, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static void* waits_all(void* unused) {
  pthread_t threads[kWaiters];
  for (int i = 0; i < kWaiters; i++) threads[i] = start(waits, (void*)(uintptr_t)(1U << i));
  for (int i = 0; i < kWaiters; i++) finish(threads[i]);
  return unused;
}

/* Six threads, here or in a child, wait at word, each with a bit of its own. */
static pid_t child;
static pthread_t starter;

static void begin(int in_child) {
  memset(s, 0, sizeof *s);
  fflush(stdout);
  child = 0;
  if (!in_child) starter = start(waits_all, NULL);
  if (in_child && (child = fork()) == 0) {
    waits_all(NULL);
    _exit(0);
  }
  SAY_NUMBER(settled(&s->entered, kWaiters));
}

static void end(void) {
  SAY_NUMBER(settled(&s->left, kWaiters));
  futex(&s->word, FUTEX_WAKE, kWaiters, 0, NULL, 0); /* nobody, but else it would not end */
  futex(&s->word2, FUTEX_WAKE, kWaiters, 0, NULL, 0);
  if (child == 0) finish(starter);
  if (child > 0) waitpid(child, NULL, 0);
  SAY_NUMBER(s->error);
}

static void use_wakes(int in_child) {
  begin(in_child);
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE, 2, 0, NULL, 0));
  SAY_NUMBER(settled(&s->left, 2));
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE, 0, 0, NULL, 0)); /* one is woken, for all that */
  SAY_NUMBER(settled(&s->left, 2));
  SAY_ERRNO(futex(&s->word2, FUTEX_WAKE, 9, 0, NULL, 0));
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE, INT32_MAX, 0, NULL, 0));
  end();
}

static void use_masks(int in_child) {
  begin(in_child);
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_BITSET, 9, 0, NULL, 1U << 31));
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_BITSET, 9, 0, NULL, 0x12));
  SAY_NUMBER(settled(&s->left, 2));
  SAY_NUMBER(load(&s->masks));
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_BITSET, 1, 0, NULL, 0xd));
  SAY_NUMBER(settled(&s->left, 3));
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_BITSET, 9, 0, NULL, UINT32_MAX));
  end();
}

static void use_requeue(int in_child) {
  begin(in_child);
  SAY_ERRNO(futex(&s->word, FUTEX_CMP_REQUEUE, 1, 2, &s->word2, 7));
  SAY_ERRNO(futex(&s->word, FUTEX_CMP_REQUEUE, 1, 2, &s->word2, 0));
  SAY_NUMBER(settled(&s->left, 1));
  SAY_ERRNO(futex(&s->word, FUTEX_REQUEUE, 1, 1, &s->word2, 0)); /* the number: woken and moved? */
  SAY_NUMBER(settled(&s->left, 2));
  SAY_ERRNO(futex(&s->word2, FUTEX_WAKE, 9, 0, NULL, 0));
  SAY_NUMBER(settled(&s->left, 5));
  SAY_ERRNO(futex(&s->word, FUTEX_REQUEUE, 0, 9, &s->word2, 0));
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE, 9, 0, NULL, 0));
  SAY_ERRNO(futex(&s->word2, FUTEX_WAKE, 9, 0, NULL, 0));
  end();
}

static void use_wake_op(int in_child) {
  begin(in_child);
  SAY_ERRNO(futex(&s->word, FUTEX_REQUEUE, 0, 3, &s->word2, 0));
  s->word2 = 0xffffffff; /* -1 < -1 is false, so word2's waiters sleep on */
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_OP, 1, 1, &s->word2,
                  FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_LT, 0xfff)));
  SAY_NUMBER(settled(&s->left, 1));
  SAY_NUMBER(s->word2);
  s->word2 = 0xffffffff; /* -1 == the operand -1 */
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_OP, 1, 2, &s->word2,
                  FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0xfff)));
  SAY_NUMBER(settled(&s->left, 4));
  s->word2 = 3;
  SAY_ERRNO(futex(&s->word, FUTEX_WAKE_OP, 9, 9, &s->word2,
                  FUTEX_OP(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_GT, 0xffe)));
  SAY_NUMBER(s->word2);
  end();
}

static void do_nothing(int signal) { (void)signal; }

static void* interrupts(void* thread) {
  usleep(10000);
  pthread_kill(*(pthread_t*)thread, SIGUSR1);
  return NULL;
}

static void* is_interrupted(void* unused) {
  pthread_t self = pthread_self();
  s->word = 0;
  const pthread_t other = start(interrupts, &self);
  struct timespec length = {2, 0};
  SAY_ERRNO(futex(&s->word, FUTEX_WAIT, 0, (uintptr_t)&length, NULL, 0));
  finish(other);
  return unused;
}

/* Without SA_RESTART only: with it a wait with a time limit goes on, or not, as the kernel likes.
 */
static void use_signals(void) {
  struct sigaction action = {.sa_handler = do_nothing};
  sigaction(SIGUSR1, &action, NULL);
  puts("main thread");
  is_interrupted(NULL);
  puts("another thread");
  in_other_thread(is_interrupted, NULL);
}

int main(void) {
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED) return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int kind = 0; kind < 3; kind++) {
    flag = kind == 0 ? FUTEX_PRIVATE_FLAG : 0;
    printf("-- %s\n", kind == 0 ? "private" : kind == 1 ? "shared" : "shared with a child");
    use_wakes(kind == 2);
    use_masks(kind == 2);
    use_requeue(kind == 2);
    use_wake_op(kind == 2);
    if (kind < 2) use_signals();
  }
  return 0;
}

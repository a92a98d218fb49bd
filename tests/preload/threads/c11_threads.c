/* c11_threads.c: the return codes and effects of <threads.h>. */
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

#include "say.h"

static mtx_t mutex;
static mtx_t other;
static cnd_t condition;
static once_flag once = ONCE_FLAG_INIT;
static int stage;
static thrd_t main_thread;
static thread_local int own = 5;

static const struct timespec long_ago = {1, 0};
static const struct timespec wrong = {1, 1000000000};

static const char* code_name(int code) {
  return code == thrd_success    ? "thrd_success"
         : code == thrd_busy     ? "thrd_busy"
         : code == thrd_error    ? "thrd_error"
         : code == thrd_nomem    ? "thrd_nomem"
         : code == thrd_timedout ? "thrd_timedout"
                                 : "no such code";
}

#define SAY_CODE(call) printf("%s: %s\n", #call, code_name(call))

static int returns(void* result) {
  own++;
  return own == 6 ? *(int*)result : 1000;
}

static int exits(void* result) {
  thrd_exit(*(int*)result);
  return 1001;
}

static int looks(void* unused) {
  (void)unused;
  SAY_NUMBER(thrd_equal(thrd_current(), main_thread) != 0);
  SAY_NUMBER(thrd_equal(thrd_current(), thrd_current()) != 0);
  SAY_NUMBER(thrd_current() == pthread_self());
  SAY_CODE(thrd_join(thrd_current(), NULL));
  SAY_NUMBER(thrd_sleep(&(struct timespec){0, 1000}, NULL));
  SAY_NUMBER(thrd_sleep(&wrong, NULL) < -1);
  thrd_yield();
  return 0;
}

static void threads(void) {
  static int numbers[] = {0, 7, -7, 2147483647, -2147483647 - 1};
  thrd_t thread;
  int result = 0;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    SAY_CODE(thrd_create(&thread, returns, &numbers[i]));
    SAY_CODE(thrd_join(thread, &result));
    SAY_NUMBER(result);
    SAY_CODE(thrd_create(&thread, exits, &numbers[i]));
    SAY_CODE(thrd_join(thread, &result));
    SAY_NUMBER(result);
  }
  SAY_NUMBER(own);
  thrd_create(&thread, looks, NULL);
  SAY_CODE(thrd_join(thread, NULL));
  thrd_create(&thread, returns, &numbers[1]);
  usleep(10000);
  SAY_CODE(thrd_join(thread, &result));
  SAY_NUMBER(result);
  SAY_NUMBER(thrd_equal(thread, main_thread) != 0);
}

static int signals(void* unused) {
  (void)unused;
  mtx_lock(&mutex);
  while (stage != 1) cnd_wait(&condition, &mutex);
  stage = 2;
  cnd_broadcast(&condition);
  mtx_unlock(&mutex);
  return 0;
}

static int detached(void* unused) {
  (void)unused;
  mtx_lock(&mutex);
  stage = 3;
  cnd_signal(&condition);
  while (stage != 4) cnd_wait(&condition, &mutex);
  mtx_unlock(&mutex);
  return 0;
}

static void conditions(void) {
  thrd_t thread;
  struct timespec soon;
  SAY_CODE(cnd_init(&condition));
  SAY_CODE(mtx_init(&mutex, mtx_plain));
  SAY_CODE(cnd_signal(&condition));
  SAY_CODE(cnd_broadcast(&condition));
  SAY_CODE(mtx_lock(&mutex));
  SAY_CODE(cnd_timedwait(&condition, &mutex, &long_ago));
  SAY_CODE(cnd_timedwait(&condition, &mutex, &wrong));
  soon = in_ms(CLOCK_REALTIME, 20);
  SAY_CODE(cnd_timedwait(&condition, &mutex, &soon));
  SAY_CODE(mtx_trylock(&mutex));
  SAY_CODE(mtx_unlock(&mutex));
  SAY_CODE(thrd_create(&thread, signals, NULL));
  mtx_lock(&mutex);
  stage = 1;
  SAY_CODE(cnd_signal(&condition));
  while (stage != 2) cnd_wait(&condition, &mutex);
  SAY_CODE(mtx_unlock(&mutex));
  SAY_CODE(thrd_join(thread, NULL));
  SAY_CODE(thrd_create(&thread, detached, NULL));
  mtx_lock(&mutex);
  while (stage != 3) cnd_wait(&condition, &mutex);
  SAY_CODE(thrd_detach(thread));
  SAY_CODE(thrd_detach(thread));
  SAY_CODE(thrd_join(thread, NULL));
  stage = 4;
  SAY_CODE(cnd_broadcast(&condition));
  mtx_unlock(&mutex);
  usleep(10000);
  cnd_destroy(&condition);
}

static int tries(void* unused) {
  const struct timespec soon = in_ms(CLOCK_REALTIME, 20);
  (void)unused;
  SAY_CODE(mtx_trylock(&other));
  SAY_CODE(mtx_timedlock(&other, &long_ago));
  SAY_CODE(mtx_timedlock(&other, &soon));
  SAY_CODE(mtx_timedlock(&other, &wrong));
  return 0;
}

static void one_kind(int type) {
  thrd_t thread;
  printf("type %d\n", type);
  SAY_CODE(mtx_init(&other, type));
  SAY_CODE(mtx_lock(&other));
  SAY_CODE(mtx_trylock(&other));
  thrd_create(&thread, tries, NULL);
  thrd_join(thread, NULL);
  if ((type & mtx_recursive) != 0) {
    SAY_CODE(mtx_lock(&other));
    SAY_CODE(mtx_timedlock(&other, &long_ago));
    SAY_CODE(mtx_unlock(&other));
    SAY_CODE(mtx_unlock(&other));
    SAY_CODE(mtx_unlock(&other));
    thrd_create(&thread, tries, NULL);
    thrd_join(thread, NULL);
  }
  SAY_CODE(mtx_unlock(&other));
  SAY_CODE(mtx_timedlock(&other, &long_ago));
  SAY_CODE(mtx_unlock(&other));
  mtx_destroy(&other);
}

static void mutexes(void) {
  one_kind(mtx_plain);
  one_kind(mtx_timed);
  one_kind(mtx_plain | mtx_recursive);
  one_kind(mtx_timed | mtx_recursive);
  SAY_CODE(mtx_init(&other, 99));
  SAY_CODE(mtx_init(&other, -1));
  /* C's recursive mutex knows its owner. */
  mtx_init(&other, mtx_recursive);
  SAY_CODE(mtx_unlock(&other));
}

static void say_once(void) {
  thrd_sleep(&(struct timespec){0, 10000000}, NULL);
  puts("once");
}

static int calls_once(void* unused) {
  (void)unused;
  call_once(&once, say_once);
  return 0;
}

static void calls(void) {
  thrd_t all[5];
  for (int i = 0; i < 5; i++) thrd_create(&all[i], calls_once, NULL);
  for (int i = 0; i < 5; i++) SAY_CODE(thrd_join(all[i], NULL));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  main_thread = thrd_current();
  threads();
  conditions();
  mutexes();
  calls();
  return 0;
}

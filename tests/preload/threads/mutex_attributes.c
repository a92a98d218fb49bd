/* Attributes of mutexes: what is stored, what is refused, and what init makes of a combination. */
#include <pthread.h>
#include <sched.h>

#include "say.h"

static pthread_mutexattr_t a;

static void say_all(void) {
  int type = -1, shared = -1, robust = -1, protocol = -1;
  SAY(pthread_mutexattr_gettype(&a, &type));
  SAY(pthread_mutexattr_getpshared(&a, &shared));
  SAY(pthread_mutexattr_getrobust(&a, &robust));
  SAY(pthread_mutexattr_getprotocol(&a, &protocol));
  printf("type %d, shared %d, robust %d, protocol %d\n", type, shared, robust, protocol);
}

static void use_wrong_arguments(void) {
  SAY(pthread_mutexattr_settype(&a, -1));
  SAY(pthread_mutexattr_settype(&a, 4));
  SAY(pthread_mutexattr_settype(&a, 1 << 20));
  SAY(pthread_mutexattr_setpshared(&a, 2));
  SAY(pthread_mutexattr_setpshared(&a, -1));
  SAY(pthread_mutexattr_setrobust(&a, 2));
  SAY(pthread_mutexattr_setrobust(&a, -1));
  SAY(pthread_mutexattr_setprotocol(&a, 3));
  SAY(pthread_mutexattr_setprotocol(&a, -1));
  SAY(pthread_mutexattr_setprioceiling(&a, -1));
  SAY(pthread_mutexattr_setprioceiling(&a, 0));
  SAY(pthread_mutexattr_setprioceiling(&a, 100));
  say_all();
}

static void use_right_arguments(void) {
  int ceiling = -1;
  SAY(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE));
  say_all();
  SAY(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
  say_all();
  SAY(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
  say_all();
  SAY(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
  say_all();
  SAY(pthread_mutexattr_getprioceiling(&a, &ceiling));
  SAY_NUMBER(ceiling);
  SAY(pthread_mutexattr_setprioceiling(&a, 42));
  SAY(pthread_mutexattr_getprioceiling(&a, &ceiling));
  SAY_NUMBER(ceiling);
  SAY(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_PRIVATE));
  SAY(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_STALLED));
  SAY(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_NONE));
  SAY(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_DEFAULT));
  say_all();
}

/* Every combination: does init take it, and does the mutex lock and unlock. */
static void use_combination(int type, int shared, int robust, int protocol) {
  pthread_mutex_t mutex;
  int ceiling = -1;
  pthread_mutexattr_settype(&a, type);
  pthread_mutexattr_setpshared(&a, shared);
  pthread_mutexattr_setrobust(&a, robust);
  pthread_mutexattr_setprotocol(&a, protocol);
  const int init = pthread_mutex_init(&mutex, &a);
  printf("type %d, shared %d, robust %d, protocol %d: init %s", type, shared, robust, protocol,
         error_name(init));
  if (init == 0) {
    printf(", lock %s", error_name(pthread_mutex_lock(&mutex)));
    if (protocol != PTHREAD_PRIO_PROTECT || type == PTHREAD_MUTEX_ERRORCHECK) {
      printf(", trylock %s", error_name(pthread_mutex_trylock(&mutex)));
      printf(", unlock %s", error_name(pthread_mutex_unlock(&mutex)));
      if (type == PTHREAD_MUTEX_RECURSIVE)
        printf(", unlock %s", error_name(pthread_mutex_unlock(&mutex)));
      if (type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK)
        printf(", unlock %s", error_name(pthread_mutex_unlock(&mutex)));
    }
    printf(", ceiling %s", error_name(pthread_mutex_getprioceiling(&mutex, &ceiling)));
    printf(" %d, consistent %s", ceiling, error_name(pthread_mutex_consistent(&mutex)));
    printf(", destroy %s", error_name(pthread_mutex_destroy(&mutex)));
  }
  puts("");
}

/* A thread of real-time policy may have its priority raised to the ceiling. */
static void use_ceiling(void) {
  pthread_mutex_t mutex;
  struct sched_param parameter = {0};
  int policy = -1, ceiling = -1;
  pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_PRIVATE);
  pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_STALLED);
  SAY(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT));
  SAY(pthread_mutexattr_setprioceiling(&a, 20));
  SAY(pthread_mutex_init(&mutex, &a));
  SAY(pthread_mutex_lock(&mutex));
  parameter.sched_priority = 10;
  const int raised = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter);
  printf("real-time: %s\n", error_name(raised));
  SAY(pthread_mutex_lock(&mutex));
  SAY(pthread_mutex_lock(&mutex));
  SAY(pthread_mutex_trylock(&mutex));
  SAY(pthread_getschedparam(pthread_self(), &policy, &parameter));
  SAY_NUMBER(policy);
  SAY_NUMBER(parameter.sched_priority);
  SAY(pthread_mutex_unlock(&mutex));
  SAY(pthread_mutex_unlock(&mutex));
  SAY(pthread_mutex_setprioceiling(&mutex, 0, NULL));
  SAY(pthread_mutex_setprioceiling(&mutex, 100, NULL));
  SAY(pthread_mutex_setprioceiling(&mutex, 5, &ceiling));
  SAY_NUMBER(ceiling);
  SAY(pthread_mutex_getprioceiling(&mutex, &ceiling));
  SAY_NUMBER(ceiling);
  SAY(pthread_mutex_lock(&mutex)); /* the thread's priority is above the ceiling */
  SAY(pthread_mutex_trylock(&mutex));
  SAY(pthread_mutex_destroy(&mutex));
  parameter.sched_priority = 0;
  SAY(pthread_setschedparam(pthread_self(), SCHED_OTHER, &parameter));
}

int main(void) {
  SAY(pthread_mutexattr_init(&a));
  say_all();
  use_wrong_arguments();
  use_right_arguments();
  for (int type = 0; type < 4; type++)
    for (int shared = 0; shared < 2; shared++)
      for (int robust = 0; robust < 2; robust++)
        for (int protocol = 0; protocol < 3; protocol++)
          use_combination(type, shared, robust, protocol);
  use_ceiling();
  SAY(pthread_mutexattr_destroy(&a));
  return 0;
}

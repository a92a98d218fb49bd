/* interrupted_case.h: one case of interrupted_fuzz.c: what is called, on what, what happens
 * meanwhile, and what came of it. */
#ifndef WEFT_TESTS_INTERRUPTED_CASE_H
#define WEFT_TESTS_INTERRUPTED_CASE_H
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "say.h"

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) {                                                           \
      fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition, \
              error_name(errno));                                                 \
      _exit(1);                                                                   \
    }                                                                             \
  } while (0)

enum { kMostSteps = 4, kMostLogged = 16 };

/* What happens to the thread, or to what it waits for. */
enum step_kind { kSignal, kPart, kAll, kClose, kShut, kShutOwn, kStepKinds };
struct step {
  enum step_kind kind;
  int signal;
};

enum timeout { kNever, kNow, kShort, kLong, kTimeouts };
/* How the descriptor is: alone and blocking, non-blocking, or one of two numbers. */
enum state { kAlone, kNonblocking, kTwoNumbers, kStates };

/* What a call works on, private to its case. */
struct object {
  int mine;  /* the thread's descriptor, or -1 */
  int other; /* another number of it, or -1 */
  int peer;  /* the descriptor of its other side, or -1 */
  int third; /* whatever else the kind needs, or -1 */
  size_t filled;
  sem_t semaphore;
  pthread_mutex_t mutex;
  pthread_rwlock_t rwlock;
  pthread_cond_t condition;
  _Atomic uint32_t word;
  pid_t child;
  bool is_reaped;
  int id; /* of System V */
  char path[64];
};

struct logged {
  int signal;
  int slot;
  bool is_after; /* the call had ended */
  int64_t at;
};

struct call;
struct kind;

struct trial {
  int number;
  /* The plan, from the seed and the number alone. */
  const struct call* call;
  const struct kind* kind;
  enum timeout timeout;
  enum state state;
  int flags; /* of recv and send */
  int size;
  int blocked;           /* bits of kSignals that the thread blocks */
  int wait_mask;         /* the same for the mask of ppoll and its like; -1: none */
  enum step_kind before; /* what has happened when the call begins; kSignal: nothing */
  int raised;            /* what the thread sends itself before the call, or 0 */
  int steps;
  struct step step[kMostSteps];
  /* The run. */
  struct object object;
  pthread_t thread;
  pid_t tid;
  int64_t unit; /* ns */
  atomic_bool has_begun;
  atomic_bool has_ended;
  int64_t began;
  int64_t ended;
  int64_t stepped[kMostSteps]; /* 0: not done, the call had ended */
  int64_t completed;           /* 0: the same */
  bool is_kicked;
  int ended_slot;
  long result;
  int error;
  char got[160]; /* what else the call gave */
  struct logged log[kMostLogged];
  atomic_int logs;
  /* The result of the last attempt. */
  bool is_valid;
  const char* why_late;    /* something of the machine's, or null */
  const char* why_invalid; /* the call itself, or null */
  char line[768];
};

static inline int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The bound of a wait. Short ones run out behind the last step and before the completion. */
static inline int64_t timeout_ns(const struct trial* t) {
  return t->timeout == kShort ? 9 * t->unit : t->timeout == kLong ? 20500000000 : 0;
}

#endif

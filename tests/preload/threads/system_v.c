/* system_v.c: message queues and semaphores of System V: results, waiting, signals, cancellation,
 * removal. */
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "cancel_point.h"
#include "kernel_wait.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
  long type;
  char text[4096];
};

static int queue, semaphores;
static const struct timespec ten_ms = {0, 10000000}, long_time = {1000, 0}, no_time = {0, 0},
                             bad_time = {0, -1};

static long receive(int flags) {
  struct message message;
  return msgrcv(queue, &message, sizeof message.text, 0, flags);
}

static long send(size_t size, int flags) {
  struct message message = {.type = 1};
  return msgsnd(queue, &message, size, flags);
}

static long in_msgrcv(void) { return receive(0); }
static long in_msgrcv_by_number(void) {
  struct message message;
  return syscall(SYS_msgrcv, queue, &message, sizeof message.text, 0L, 0);
}
static long in_msgsnd(void) { return send(4096, 0); }
static long in_msgsnd_by_number(void) {
  struct message message = {.type = 1};
  return syscall(SYS_msgsnd, queue, &message, sizeof message.text, 0);
}

static void fill(void) {
  while (send(4096, IPC_NOWAIT) == 0) continue;
}
static void empty(void) {
  while (receive(IPC_NOWAIT) != -1) continue;
}
static void send_one(void) { send(3, IPC_NOWAIT); }

static long change(short by, short flags) {
  struct sembuf both[] = {{0, by, flags}, {1, 1, flags}};
  return semop(semaphores, both, COUNT(both));
}
static long in_semop(void) { return change(-1, 0); }
static long in_semop_undo(void) { return change(-1, SEM_UNDO); }
static long in_semop_by_number(void) {
  struct sembuf one = {0, -1, 0};
  return syscall(SYS_semop, semaphores, &one, 1L);
}
static long in_semtimedop(void) {
  struct sembuf one = {0, -1, 0};
  return semtimedop(semaphores, &one, 1, &long_time);
}
static long in_sem_zero(void) {
  struct sembuf one = {1, 0, 0};
  return semop(semaphores, &one, 1);
}
static void post(void) { semctl(semaphores, 0, SETVAL, 1); }
static void take(void) {
  semctl(semaphores, 0, SETVAL, 0);
  semctl(semaphores, 1, SETVAL, 0);
}
static void set_one(void) { semctl(semaphores, 1, SETVAL, 1); }
static void set_zero(void) { semctl(semaphores, 1, SETVAL, 0); }

static void remove_queue(void) { msgctl(queue, IPC_RMID, NULL); }
static void remove_semaphores(void) { semctl(semaphores, 0, IPC_RMID); }

static void wait_all_ways(struct kernel_wait wait, void (*prepare)(void)) {
  void (*const ways[])(struct kernel_wait*) = {wait_in_peace, interrupt_wait, restart_wait};
  for (size_t i = 0; i < COUNT(ways); i++) {
    prepare();
    ways[i](&wait);
  }
}

static void message_results(void) {
  struct message message = {.type = 5, .text = "text"};
  SAY_ERRNO(msgsnd(queue, &message, 4, 0));
  SAY_ERRNO(msgrcv(queue, &message, 2, 0, 0));
  SAY_ERRNO(msgrcv(queue, &message, 2, 0, MSG_NOERROR));
  SAY_ERRNO(receive(IPC_NOWAIT));
  SAY_ERRNO(receive(MSG_COPY));
  SAY_ERRNO(receive(MSG_COPY | IPC_NOWAIT));
  SAY_ERRNO((message.type = 0, msgsnd(queue, &message, 4, 0)));
  SAY_ERRNO(send(1 << 20, 0));
  SAY_ERRNO(msgsnd(-1, &message, 4, 0));
  SAY_ERRNO(msgrcv(-1, &message, 4, 0, 0));
  fill();
  SAY_ERRNO(send(4096, IPC_NOWAIT));
  empty();
}

static void semaphore_results(void) {
  struct sembuf one = {0, 1, 0}, many[] = {{0, -1, 0}, {0, -1, IPC_NOWAIT}}, wrong = {9, 1, 0};
  SAY_ERRNO(semop(semaphores, &one, 1));
  SAY_ERRNO(semop(semaphores, many, 2));
  SAY_ERRNO(semctl(semaphores, 0, GETVAL));
  SAY_ERRNO((one.sem_op = -1, semop(semaphores, &one, 1)));
  SAY_ERRNO((one.sem_flg = IPC_NOWAIT, semop(semaphores, &one, 1)));
  SAY_ERRNO((one.sem_flg = 0, semtimedop(semaphores, &one, 1, &ten_ms)));
  SAY_ERRNO(semtimedop(semaphores, &one, 1, &no_time));
  SAY_ERRNO(semtimedop(semaphores, &one, 1, &bad_time));
  SAY_ERRNO((one.sem_op = 1, semtimedop(semaphores, &one, 1, &bad_time)));
  SAY_ERRNO(semtimedop(semaphores, &one, 1, &no_time));
  SAY_ERRNO(semop(semaphores, &wrong, 1));
  SAY_ERRNO(semop(semaphores, &one, 0));
  SAY_ERRNO(semop(semaphores, &one, 100000));
  SAY_ERRNO(semop(-1, &one, 1));
  SAY_ERRNO((one.sem_op = 32767, semop(semaphores, &one, 1)));
  take();
}

static void in_cancelled_msgrcv(void) { in_msgrcv(); }
static void in_cancelled_msgsnd(void) {
  fill();
  in_msgsnd();
}
static void in_ready_msgsnd(void) {
  empty();
  send_one();
}
static void in_ready_msgrcv(void) {
  send_one();
  receive(0);
}
static void in_ready_semop(void) {
  post();
  in_semop();
}

static const struct point blocking[] = {POINT(cancelled_msgrcv), POINT(cancelled_msgsnd)};
static const struct point quick[] = {POINT(ready_msgsnd), POINT(ready_msgrcv), POINT(ready_semop)};

/* A ring of threads, each of which lets the next one go. */
enum { kThreads = 20, kRounds = 20 };
static int ring;
static int laps;

static void* goes_round(void* argument) {
  const unsigned short own = (unsigned short)(size_t)argument;
  const unsigned short next = (unsigned short)((own + 1) % kThreads);
  for (int i = 0; i < kRounds; i++) {
    struct sembuf enter = {own, -1, 0}, leave = {next, 1, 0};
    if (semop(ring, &enter, 1) != 0) abort();
    laps++;
    if (semop(ring, &leave, 1) != 0) abort();
  }
  return NULL;
}

static void go_round(void) {
  pthread_t threads[kThreads];
  ring = semget(IPC_PRIVATE, kThreads, 0600);
  for (int i = 0; i < kThreads; i++) semctl(ring, i, SETVAL, i == 0);
  for (size_t i = 0; i < kThreads; i++)
    if (pthread_create(&threads[i], NULL, goes_round, (void*)i) != 0) abort();
  for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  SAY_NUMBER(laps);
  semctl(ring, 0, IPC_RMID);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  queue = msgget(IPC_PRIVATE, 0600);
  semaphores = semget(IPC_PRIVATE, 2, 0600);
  if (queue < 0 || semaphores < 0) return 1;
  sem_init(&started, 0, 0);
  take();
  message_results();
  semaphore_results();
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(msgrcv, send_one), empty);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(msgrcv_by_number, send_one), empty);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(msgsnd, empty), fill);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(msgsnd_by_number, empty), fill);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(semop, post), take);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(semop_undo, post), take);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(semop_by_number, post), take);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(semtimedop, post), take);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(sem_zero, set_zero), set_one);
  empty();
  cancel_all(blocking, COUNT(blocking), quick, COUNT(quick));
  go_round();
  empty();
  take();
  wait_in_peace(&(struct kernel_wait)KERNEL_WAIT(msgrcv, remove_queue));
  wait_in_peace(&(struct kernel_wait)KERNEL_WAIT(semop, remove_semaphores));
  return 0;
}

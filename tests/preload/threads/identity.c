/* identity.c: who a thread is: handle, number, name, affinity, policy and clock. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

enum { kThreads = 20 };

static sem_t go;
static sem_t ready;
static sem_t asked;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pid_t numbers[kThreads];
static volatile unsigned long counter;

static void burn(long ms) {
  const long end = now_ms(CLOCK_THREAD_CPUTIME_ID) + ms;
  while (now_ms(CLOCK_THREAD_CPUTIME_ID) < end) counter++;
}

static void numbers_of_main(void) {
  SAY_NUMBER(gettid() == getpid());
  SAY_NUMBER(syscall(SYS_gettid) == gettid());
  usleep(1000);
  sched_yield();
  SAY_NUMBER(gettid() == getpid());
}

static void* keeps_number(void* argument) {
  const pid_t number = gettid();
  const pthread_t self = pthread_self();
  long same = 1;
  *(pid_t*)argument = number;
  sem_post(&ready);
  sem_wait(&go);
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&mutex);
    if (i % 20 == 0) usleep(100);
    pthread_mutex_unlock(&mutex);
    if (i % 20 == 7) burn(1);
    sched_yield();
    same &= gettid() == number && syscall(SYS_gettid) == number;
    same &= pthread_equal(self, pthread_self()) != 0;
  }
  same &= number != getpid();
  return (void*)same;
}

static void numbers_of_threads(void) {
  pthread_t threads[kThreads];
  int equal = 0;
  int stable = 0;
  for (int i = 0; i < kThreads; i++)
    if (pthread_create(&threads[i], NULL, keeps_number, &numbers[i]) != 0) abort();
  for (int i = 0; i < kThreads; i++) sem_wait(&ready);
  for (int i = 0; i < kThreads; i++)
    for (int j = 0; j < i; j++) equal += numbers[i] == numbers[j];
  for (int i = 0; i < kThreads; i++) sem_post(&go);
  for (int i = 0; i < kThreads; i++) {
    void* same = NULL;
    pthread_join(threads[i], &same);
    stable += same != NULL;
  }
  SAY_NUMBER(equal);
  SAY_NUMBER(stable);
  SAY_NUMBER(gettid() == getpid());
}

static void names(void) {
  char name[16] = "";
  char small[8] = "";
  SAY(pthread_getname_np(pthread_self(), name, sizeof name));
  puts(name);
  SAY(pthread_setname_np(pthread_self(), "exactly16letters"));
  SAY(pthread_setname_np(pthread_self(), "fifteen letters"));
  SAY(pthread_getname_np(pthread_self(), name, 15));
  SAY(pthread_getname_np(pthread_self(), small, sizeof small));
  SAY(pthread_getname_np(pthread_self(), name, sizeof name));
  puts(name);
  SAY_ERRNO(prctl(PR_GET_NAME, name));
  puts(name);
  SAY_ERRNO(prctl(PR_SET_NAME, "this name is too long, and is cut"));
  SAY(pthread_getname_np(pthread_self(), name, sizeof name));
  puts(name);
  SAY(pthread_setname_np(pthread_self(), "short"));
  SAY(pthread_getname_np(pthread_self(), small, sizeof small));
  SAY(pthread_getname_np(pthread_self(), name, sizeof name));
  puts(name);
  SAY(pthread_setname_np(pthread_self(), ""));
  SAY(pthread_getname_np(pthread_self(), name, sizeof name));
  puts(name);
}

static void affinity(void) {
  cpu_set_t usable;
  cpu_set_t set;
  size_t cpu = 0;
  SAY(pthread_getaffinity_np(pthread_self(), sizeof usable, &usable));
  SAY(pthread_getaffinity_np(pthread_self(), 1, &set));
  SAY(pthread_getaffinity_np(pthread_self(), 0, &set));
  CPU_ZERO(&set);
  SAY(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
  CPU_SET(1000, &set);
  SAY(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
  while (!CPU_ISSET(cpu, &usable)) cpu++;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  SAY(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
  CPU_ZERO(&set);
  SAY(pthread_getaffinity_np(pthread_self(), sizeof set, &set));
  SAY_NUMBER(CPU_COUNT(&set));
  SAY_NUMBER(CPU_ISSET(cpu, &set) != 0);
  SAY(pthread_setaffinity_np(pthread_self(), sizeof usable, &usable));
  SAY(pthread_getaffinity_np(pthread_self(), sizeof set, &set));
  SAY_NUMBER(CPU_EQUAL(&set, &usable));
}

static void set_policy(int policy, int priority) {
  struct sched_param param = {priority};
  int stored = -1;
  printf("policy %d, priority %d\n", policy, priority);
  SAY(pthread_setschedparam(pthread_self(), policy, &param));
  param.sched_priority = -1;
  SAY(pthread_getschedparam(pthread_self(), &stored, &param));
  SAY_NUMBER(stored);
  SAY_NUMBER(param.sched_priority);
}

static void policies(void) {
  set_policy(SCHED_OTHER, 0);
  set_policy(SCHED_OTHER, 1);
  set_policy(SCHED_OTHER, -1);
  set_policy(99, 0);
  set_policy(-1, 0);
  set_policy(SCHED_BATCH, 0);
  set_policy(SCHED_IDLE, 0);
  set_policy(SCHED_FIFO, 0);
  set_policy(SCHED_FIFO, 100);
  set_policy(SCHED_OTHER, 0);
  set_policy(SCHED_RR, 1);
  SAY(pthread_setschedprio(pthread_self(), 2));
  SAY(pthread_setschedprio(pthread_self(), 1000));
  set_policy(SCHED_OTHER, 0);
  SAY(pthread_setschedprio(pthread_self(), 0));
  SAY(pthread_setschedprio(pthread_self(), 1));
  SAY(pthread_setschedprio(pthread_self(), -1));
  SAY_NUMBER(pthread_getconcurrency());
  SAY(pthread_setconcurrency(-1));
  SAY(pthread_setconcurrency(3));
  SAY_NUMBER(pthread_getconcurrency());
  SAY(pthread_setconcurrency(0));
}

/* Time counts from the first question on, which comes before. */
static void* burns(void* unused) {
  sem_wait(&asked);
  burn(100);
  sem_post(&ready);
  sem_wait(&go);
  return unused;
}

static void clocks(void) {
  pthread_t thread;
  clockid_t clock;
  clockid_t own;
  struct timespec unused;
  sem_init(&asked, 0, 0);
  if (pthread_create(&thread, NULL, burns, NULL) != 0) abort();
  SAY(pthread_getcpuclockid(pthread_self(), &own));
  const long own_start = now_ms(own);
  SAY(pthread_getcpuclockid(thread, &clock));
  SAY_ERRNO(clock_gettime(clock, &unused));
  sem_post(&asked);
  sem_wait(&ready);
  SAY_NUMBER(now_ms(clock) >= 95 && now_ms(clock) <= 200);
  SAY_NUMBER(now_ms(own) - own_start < 50);
  burn(50);
  SAY_NUMBER(now_ms(own) - own_start >= 45 && now_ms(own) - own_start < 200);
  SAY_NUMBER(now_ms(clock) <= 200);
  sem_post(&go);
  pthread_join(thread, NULL);
  const pid_t child = fork();
  if (child == 0) { /* its clocks begin again */
    const long used = now_ms(CLOCK_THREAD_CPUTIME_ID);
    _exit(used >= 0 && used < 45 ? 1 : 2);
  }
  int status = 0;
  SAY_NUMBER(waitpid(child, &status, 0) == child && WIFEXITED(status));
  SAY_NUMBER(WEXITSTATUS(status));
}

static void* describes_itself(void* unused) {
  names();
  affinity();
  policies();
  return unused;
}

int main(void) {
  pthread_t thread;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  sem_init(&go, 0, 0);
  sem_init(&ready, 0, 0);
  pthread_setname_np(pthread_self(), "named by main");
  numbers_of_main();
  numbers_of_threads();
  puts("--- in a thread");
  if (pthread_create(&thread, NULL, describes_itself, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  puts("--- in main");
  describes_itself(NULL);
  clocks();
  return 0;
}

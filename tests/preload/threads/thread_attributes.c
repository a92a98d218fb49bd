/* thread_attributes.c: what attributes take, refuse and keep, and what threads make of them. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "say.h"

static sem_t go;
static sem_t ready;

static void* nothing(void* argument) { return argument; }

static void* waits(void* argument) {
  sem_post(&ready);
  sem_wait(&go);
  return argument;
}

static void setters(void) {
  pthread_attr_t attributes;
  int number = -1;
  size_t size = 0;
  struct sched_param param = {0};
  SAY(pthread_attr_init(&attributes));
  SAY(pthread_attr_setdetachstate(&attributes, 7));
  SAY(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
  SAY(pthread_attr_getdetachstate(&attributes, &number));
  SAY_NUMBER(number == PTHREAD_CREATE_DETACHED);
  SAY(pthread_attr_setstacksize(&attributes, 0));
  SAY(pthread_attr_setstacksize(&attributes, 16383));
  SAY(pthread_attr_setstacksize(&attributes, 16384));
  SAY(pthread_attr_getstacksize(&attributes, &size));
  SAY_NUMBER(size);
  SAY(pthread_attr_setguardsize(&attributes, 12345));
  SAY(pthread_attr_getguardsize(&attributes, &size));
  SAY_NUMBER(size);
  SAY(pthread_attr_setstack(&attributes, NULL, 100));
  SAY(pthread_attr_setinheritsched(&attributes, 9));
  SAY(pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED));
  SAY(pthread_attr_getinheritsched(&attributes, &number));
  SAY_NUMBER(number == PTHREAD_EXPLICIT_SCHED);
  SAY(pthread_attr_setschedpolicy(&attributes, 99));
  SAY(pthread_attr_setschedpolicy(&attributes, SCHED_BATCH));
  SAY(pthread_attr_setschedpolicy(&attributes, SCHED_FIFO));
  param.sched_priority = 1000;
  SAY(pthread_attr_setschedparam(&attributes, &param));
  param.sched_priority = 0;
  SAY(pthread_attr_setschedparam(&attributes, &param));
  param.sched_priority = 1;
  SAY(pthread_attr_setschedparam(&attributes, &param));
  SAY(pthread_attr_setscope(&attributes, PTHREAD_SCOPE_PROCESS));
  SAY(pthread_attr_setscope(&attributes, 77));
  SAY(pthread_attr_setscope(&attributes, PTHREAD_SCOPE_SYSTEM));
  SAY(pthread_attr_setaffinity_np(&attributes, 0, NULL));
  SAY(pthread_attr_destroy(&attributes));
}

static void* own_attributes(void* wanted) {
  pthread_attr_t attributes;
  char local = 0;
  void* low = NULL;
  size_t size = 0;
  size_t guard = 0;
  int detached = -1;
  int scope = -1;
  int policy = -1;
  int inherits = -1;
  sem_wait(&go);
  SAY(pthread_getattr_np(pthread_self(), &attributes));
  SAY(pthread_attr_getstack(&attributes, &low, &size));
  SAY_NUMBER((uintptr_t)low < (uintptr_t)&local && (uintptr_t)&local < (uintptr_t)low + size);
  SAY_NUMBER((uintptr_t)low % 4096);
  SAY_NUMBER(size + 4096 > *(size_t*)wanted);
  SAY(pthread_attr_getguardsize(&attributes, &guard));
  SAY_NUMBER(guard);
  SAY(pthread_attr_getdetachstate(&attributes, &detached));
  SAY_NUMBER(detached == PTHREAD_CREATE_DETACHED);
  SAY(pthread_attr_getscope(&attributes, &scope));
  SAY_NUMBER(scope == PTHREAD_SCOPE_SYSTEM);
  SAY(pthread_attr_getschedpolicy(&attributes, &policy));
  SAY_NUMBER(policy == SCHED_OTHER);
  SAY(pthread_attr_getinheritsched(&attributes, &inherits));
  SAY_NUMBER(inherits == PTHREAD_INHERIT_SCHED);
  pthread_attr_destroy(&attributes);
  sem_post(&ready);
  return NULL;
}

/* A thread with this stack and guard describes itself. */
static void with_stack(size_t size, size_t guard, int detached) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  printf("stack of %zu bytes, guard of %zu, %s\n", size, guard, detached ? "detached" : "joinable");
  pthread_attr_setstacksize(&attributes, size);
  pthread_attr_setguardsize(&attributes, guard);
  if (detached) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  SAY(pthread_create(&thread, &attributes, own_attributes, &size));
  sem_post(&go);
  sem_wait(&ready);
  if (!detached) SAY(pthread_join(thread, NULL));
  pthread_attr_destroy(&attributes);
}

static void with_own_stack(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  size_t size = 1 << 20;
  void* low = NULL;
  void* stack =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  pthread_attr_init(&attributes);
  SAY(pthread_attr_setstack(&attributes, stack, size));
  SAY(pthread_attr_getstack(&attributes, &low, &size));
  SAY_NUMBER(low == stack);
  SAY(pthread_create(&thread, &attributes, own_attributes, &size));
  sem_post(&go);
  sem_wait(&ready);
  SAY(pthread_join(thread, NULL));
  SAY(pthread_create(&thread, &attributes, waits, NULL));
  pthread_attr_destroy(&attributes);
  sem_wait(&ready);
  SAY(pthread_getattr_np(thread, &attributes));
  SAY(pthread_attr_getstack(&attributes, &low, &size));
  SAY_NUMBER(low == stack);
  SAY_NUMBER(size);
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  pthread_attr_destroy(&attributes);
}

static void create_errors(void) {
  pthread_t thread = 0;
  pthread_attr_t attributes;
  cpu_set_t none;
  pthread_attr_init(&attributes);
  SAY(pthread_attr_setstacksize(&attributes, (size_t)1 << 60));
  SAY(pthread_create(&thread, &attributes, nothing, NULL));
  pthread_attr_destroy(&attributes);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  SAY(pthread_attr_setguardsize(&attributes, (size_t)1 << 60));
  SAY(pthread_create(&thread, &attributes, nothing, NULL));
  pthread_attr_destroy(&attributes);
  pthread_attr_init(&attributes);
  CPU_ZERO(&none);
  SAY(pthread_attr_setaffinity_np(&attributes, sizeof none, &none));
  SAY(pthread_create(&thread, &attributes, nothing, NULL));
  pthread_attr_destroy(&attributes);
}

static void* policy_of_self(void* unused) {
  int policy = -1;
  struct sched_param param = {-1};
  cpu_set_t set;
  sem_wait(&go);
  SAY(pthread_getschedparam(pthread_self(), &policy, &param));
  SAY_NUMBER(policy);
  SAY_NUMBER(param.sched_priority);
  SAY(pthread_getaffinity_np(pthread_self(), sizeof set, &set));
  SAY_NUMBER(CPU_COUNT(&set));
  return unused;
}

static void with_policy(int policy, int priority) {
  pthread_t thread;
  pthread_attr_t attributes;
  const struct sched_param param = {priority};
  int error;
  pthread_attr_init(&attributes);
  SAY(pthread_attr_setschedpolicy(&attributes, policy));
  SAY(pthread_attr_setschedparam(&attributes, &param));
  SAY(pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED));
  error = pthread_create(&thread, &attributes, policy_of_self, NULL);
  SAY(error);
  if (error == 0) {
    sem_post(&go);
    SAY(pthread_join(thread, NULL));
  }
  pthread_attr_destroy(&attributes);
}

static void with_affinity(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  cpu_set_t usable;
  cpu_set_t one;
  size_t cpu = 0;
  sched_getaffinity(0, sizeof usable, &usable);
  while (!CPU_ISSET(cpu, &usable)) cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  pthread_attr_init(&attributes);
  SAY(pthread_attr_setaffinity_np(&attributes, sizeof one, &one));
  SAY(pthread_create(&thread, &attributes, policy_of_self, NULL));
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  pthread_attr_destroy(&attributes);
}

static void* mask_of_self(void* unused) {
  sigset_t mask;
  sem_wait(&go);
  SAY(pthread_sigmask(SIG_BLOCK, NULL, &mask));
  SAY_NUMBER(sigismember(&mask, SIGUSR1));
  SAY_NUMBER(sigismember(&mask, SIGUSR2));
  return unused;
}

static void with_mask(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t usr1;
  sigset_t usr2;
  sigset_t stored;
  sigemptyset(&usr1);
  sigemptyset(&usr2);
  sigaddset(&usr1, SIGUSR1);
  sigaddset(&usr2, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &usr1, NULL);
  pthread_attr_init(&attributes);
  SAY_NUMBER(pthread_attr_getsigmask_np(&attributes, &stored) == PTHREAD_ATTR_NO_SIGMASK_NP);
  SAY(pthread_create(&thread, &attributes, mask_of_self, NULL));
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  SAY(pthread_attr_setsigmask_np(&attributes, &usr2));
  SAY(pthread_attr_getsigmask_np(&attributes, &stored));
  SAY_NUMBER(sigismember(&stored, SIGUSR2));
  SAY(pthread_create(&thread, &attributes, mask_of_self, NULL));
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  SAY(pthread_attr_setsigmask_np(&attributes, NULL));
  SAY(pthread_create(&thread, &attributes, mask_of_self, NULL));
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  pthread_attr_destroy(&attributes);
  sem_post(&go);
  mask_of_self(NULL);
}

static void defaults(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  size_t size = 1 << 18;
  pthread_attr_init(&attributes);
  SAY(pthread_attr_setstack(&attributes, (void*)4096, size));
  SAY(pthread_setattr_default_np(&attributes));
  pthread_attr_destroy(&attributes);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size);
  pthread_attr_setguardsize(&attributes, 8192);
  SAY(pthread_setattr_default_np(&attributes));
  pthread_attr_destroy(&attributes);
  SAY(pthread_create(&thread, NULL, own_attributes, &size));
  sem_post(&go);
  sem_wait(&ready);
  SAY(pthread_join(thread, NULL));
  SAY(pthread_getattr_default_np(&attributes));
  SAY(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
  SAY(pthread_setattr_default_np(&attributes));
  pthread_attr_destroy(&attributes);
  SAY(pthread_create(&thread, NULL, own_attributes, &size));
  sem_post(&go);
  sem_wait(&ready);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  sem_init(&go, 0, 0);
  sem_init(&ready, 0, 0);
  setters();
  with_stack(1 << 20, 4096, 0);
  with_stack(16384 + 12345, 0, 1);
  with_stack(1 << 19, 65536, 0);
  with_stack(1 << 19, 5000, 0);
  with_own_stack();
  create_errors();
  with_policy(SCHED_OTHER, 0);
  with_policy(SCHED_BATCH, 0);
  with_policy(SCHED_FIFO, 1);
  with_affinity();
  with_mask();
  defaults();
  return 0;
}

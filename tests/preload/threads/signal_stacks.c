/* signal_stacks.c: each thread has a stack for signals of its own, and handlers run on it. */
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

enum { kStack = 64 << 10, kThreads = 8, kRounds = 200, kPage = 4096 };

static __thread char* own_stack;     /* the calling thread's */
static __thread int on_own_stack;    /* how many handlers ran there */
static __thread int elsewhere;       /* and how many did not */
static __thread int seen_in_context; /* how often the context showed it */
static __thread char* fault_page;
static __thread sigjmp_buf after_fault;

static int is_on(const char* stack, const void* address) {
  const uintptr_t at = (uintptr_t)address;
  return stack != NULL && at > (uintptr_t)stack && at <= (uintptr_t)stack + kStack;
}

static void note_stack(const void* context) {
  char local;
  if (is_on(own_stack, &local)) {
    on_own_stack++;
  } else {
    elsewhere++;
  }
  seen_in_context += ((const ucontext_t*)context)->uc_stack.ss_sp == own_stack;
}

static void note(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  note_stack(context);
}

static void set_handler(int signal, int flags, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = {.sa_flags = flags | SA_SIGINFO};
  action.sa_sigaction = handler;
  if (sigaction(signal, &action, NULL) != 0) abort();
}

static void give_stack(int flags) {
  own_stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const stack_t stack = {.ss_sp = own_stack, .ss_flags = flags, .ss_size = kStack};
  if (sigaltstack(&stack, NULL) != 0) abort();
}

static void drop_stack(void) {
  const stack_t none = {.ss_flags = SS_DISABLE};
  if (sigaltstack(&none, NULL) != 0) abort();
  munmap(own_stack, kStack); /* whoever has a fault now must not use it */
  own_stack = NULL;
}

/* -- what the call says -- */

static void say_stack(const char* when) {
  stack_t stack;
  memset(&stack, 1, sizeof stack);
  const int result = sigaltstack(NULL, &stack);
  printf("  %s: %d, flags %#x, size %zu, %s\n", when, result, (unsigned)stack.ss_flags,
         stack.ss_size,
         stack.ss_sp == NULL        ? "none"
         : stack.ss_sp == own_stack ? "own"
                                    : "another");
}

static void try_stack(const char* what, unsigned flags, size_t size) {
  const stack_t stack = {.ss_sp = own_stack, .ss_flags = (int)flags, .ss_size = size};
  errno = 0;
  const int result = sigaltstack(&stack, NULL);
  printf("  %s: %d, %s\n", what, result, errno == 0 ? "0" : strerrorname_np(errno));
  say_stack(what);
}

static void ask_in_handler(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  note_stack(context);
  say_stack("in a handler");
  try_stack("changed in a handler", 0, kStack);
  try_stack("dropped in a handler", SS_DISABLE, 0);
}

static void ask(void) {
  say_stack("at first");
  give_stack(0);
  say_stack("given");
  try_stack("too small", 0, 2047);
  try_stack("small", 0, 2048);
  try_stack("SS_ONSTACK", SS_ONSTACK, kStack);
  try_stack("unknown flag", 4, kStack);
  try_stack("SS_DISABLE with a size", SS_DISABLE, kStack);
  try_stack("SS_DISABLE and SS_AUTODISARM", SS_DISABLE | SS_AUTODISARM, kStack);
  try_stack("SS_AUTODISARM", SS_AUTODISARM, kStack);
  set_handler(SIGUSR1, SA_ONSTACK, ask_in_handler);
  raise(SIGUSR1);
  say_stack("behind a handler");
  try_stack("plain", 0, kStack);
  raise(SIGUSR1);
  say_stack("behind a handler");
  set_handler(SIGUSR1, 0, ask_in_handler);
  raise(SIGUSR1);
  say_stack("behind a handler without SA_ONSTACK");
  const stack_t again = {.ss_sp = own_stack, .ss_size = kStack};
  SAY_ERRNO(syscall(SYS_sigaltstack, &again, NULL));
  say_stack("by syscall");
  drop_stack();
  say_stack("dropped");
  raise(SIGUSR1);
  say_stack("changed in a handler, and back behind it");
  printf("  on it %d, elsewhere %d, in the context %d\n", on_own_stack, elsewhere, seen_in_context);
}

/* -- one that the first thread had before there were others -- */

static sem_t handled;
static sem_t next;

static void note_and_post(int signal, siginfo_t* info, void* context) {
  note(signal, info, context);
  sem_post(&handled);
}

/* Blocks it, so that it is main's. */
static void* sends(void* unused) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  for (int i = 0; i < 5; i++) {
    kill(getpid(), SIGUSR1);
    while (sem_wait(&next) != 0) continue;
  }
  return unused;
}

static void main_has_one_already(void) {
  sem_init(&handled, 0, 0);
  sem_init(&next, 0, 0);
  give_stack(0);
  set_handler(SIGUSR1, SA_ONSTACK, note_and_post);
  const pthread_t sender = start(sends, NULL);
  for (int i = 0; i < 5; i++) {
    while (sem_wait(&handled) != 0) continue;
    sem_post(&next);
  }
  finish(sender);
  say_stack("main's");
  printf("  on it %d, elsewhere %d, in the context %d\n", on_own_stack, elsewhere, seen_in_context);
  on_own_stack = elsewhere = seen_in_context = 0;
  drop_stack();
}

static void* ask_in_thread(void* unused) {
  ask();
  return unused;
}

/* -- many threads -- */

/* The handler waits, and other threads' run on the same kernel thread meanwhile. */
static void wait_in_handler(int signal, siginfo_t* info, void* context) {
  volatile char marked[512];
  char* const marks = (char*)marked;
  (void)signal;
  (void)info;
  memset(marks, (int)((uintptr_t)own_stack >> 12 & 0xff), sizeof marked);
  note_stack(context);
  usleep(100);
  for (size_t i = 0; i < sizeof marked; i++) {
    if (marks[i] != marks[0]) abort();
  }
  note_stack(context);
}

static void repair(int signal, siginfo_t* info, void* context) {
  (void)signal;
  note_stack(context);
  usleep(50);
  if ((char*)info->si_addr != fault_page) abort();
  mprotect(fault_page, kPage, PROT_READ | PROT_WRITE);
}

static void* has_own(void* unused) {
  double kept = 1.5;
  fault_page = mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 1; i <= kRounds; i++) {
    if (i % 10 == 1) give_stack(0);
    pthread_kill(pthread_self(), SIGUSR1);
    kept *= 1.0001;
    *(volatile char*)fault_page = 1;
    mprotect(fault_page, kPage, PROT_NONE);
    kept /= 1.0001;
    if (i % 3 == 0) usleep(30);
    if (i % 10 == 0) drop_stack();
  }
  munmap(fault_page, kPage);
  static char ok[] = "ok";
  (void)unused;
  const int good = on_own_stack == 3 * kRounds && elsewhere == 0 && kept > 1.49 && kept < 1.51 &&
                   seen_in_context == 3 * kRounds;
  return good ? ok : NULL;
}

static void* has_none(void* result) {
  fault_page = mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < kRounds; i++) {
    pthread_kill(pthread_self(), SIGUSR1);
    *(volatile char*)fault_page = 1;
    mprotect(fault_page, kPage, PROT_NONE);
  }
  munmap(fault_page, kPage);
  return elsewhere == 3 * kRounds && on_own_stack == 0 ? result : NULL;
}

static void many(void) {
  pthread_t threads[kThreads];
  int good = 0;
  static char ok[] = "ok";
  puts("--- many threads");
  set_handler(SIGUSR1, SA_ONSTACK, wait_in_handler);
  set_handler(SIGSEGV, SA_ONSTACK, repair);
  for (int i = 0; i < kThreads; i++) {
    void* (*const body)(void*) = i % 4 == 3 ? has_none : has_own;
    if (pthread_create(&threads[i], NULL, body, ok) != 0) abort();
  }
  for (int i = 0; i < kThreads; i++) {
    void* result = NULL;
    pthread_join(threads[i], &result);
    good += result != NULL;
  }
  SAY_NUMBER(good);
}

/* -- the thread's own stack is full -- */

static void leave(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  note_stack(context);
  siglongjmp(after_fault, 1);
}

static volatile int never;

static __attribute__((noinline)) int fill_stack(volatile char* above) {
  volatile char here[1024];
  here[0] = *above;
  return never ? 0 : fill_stack(here) + here[0];
}

static void* overflows(void* unused) {
  char first = 0;
  give_stack(0);
  for (int i = 0; i < 3; i++) {
    if (sigsetjmp(after_fault, 1) == 0) fill_stack(&first);
    usleep(50);
  }
  printf("  on it %d, elsewhere %d\n", on_own_stack, elsewhere);
  drop_stack();
  return unused;
}

/* -- nested handlers, and unwinding from one -- */

static void nest(int signal, siginfo_t* info, void* context) {
  (void)info;
  note_stack(context);
  if (signal == SIGUSR1) raise(SIGUSR2);
}

static void* caller_low;
static int is_found;

static void find_caller(int signal, siginfo_t* info, void* context) {
  void* frames[64];
  (void)signal;
  (void)info;
  note_stack(context);
  const int count = backtrace(frames, 64);
  for (int i = 0; i < count; i++) {
    is_found |= (char*)frames[i] > (char*)caller_low && (char*)frames[i] < (char*)caller_low + 256;
  }
}

static __attribute__((noinline)) void raises_it(void) {
  caller_low = (void*)(uintptr_t)raises_it;
  raise(SIGUSR1);
  __asm__ volatile("" ::: "memory");
}

static void* nests(void* unused) {
  give_stack(0);
  set_handler(SIGUSR1, SA_ONSTACK, nest);
  set_handler(SIGUSR2, SA_ONSTACK, nest);
  raise(SIGUSR1);
  printf("  nested: on it %d, elsewhere %d\n", on_own_stack, elsewhere);
  set_handler(SIGUSR1, SA_ONSTACK, find_caller);
  raises_it();
  SAY_NUMBER(is_found);
  const pid_t child = fork();
  if (child == 0) {
    set_handler(SIGUSR1, SA_ONSTACK, note);
    on_own_stack = 0;
    raise(SIGUSR1);
    _exit(on_own_stack);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("  in a fork's child: on it %d\n", WEXITSTATUS(status));
  drop_stack();
  return unused;
}

/* -- a fault without a way out -- */

static void* dies(void* unused) {
  char first = 0;
  fill_stack(&first);
  return unused;
}

static void no_stack(void) {
  puts("--- a full stack, and none for signals");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    set_handler(SIGSEGV, SA_ONSTACK, leave);
    finish(start(dies, NULL));
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  SAY_NUMBER(WIFSIGNALED(status));
  SAY_NUMBER(WTERMSIG(status));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  puts("--- main");
  main_has_one_already();
  ask();
  puts("--- a thread");
  finish(start(ask_in_thread, NULL));
  many();
  puts("--- full stacks");
  set_handler(SIGSEGV, SA_ONSTACK, leave);
  const pthread_t first = start(overflows, NULL);
  finish(first);
  finish(start(overflows, NULL));
  puts("--- nested");
  finish(start(nests, NULL));
  no_stack();
  return 0;
}

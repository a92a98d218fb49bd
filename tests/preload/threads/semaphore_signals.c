/* Signal handlers that run while their thread waits for a semaphore: with SA_RESTART and without
 * it, in the main thread and in another; a handler that posts. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static sem_t semaphore;
static volatile sig_atomic_t handled;
static volatile sig_atomic_t posting;
static pthread_t target;
static int kill_at_10_ms;

static void handle(int signal) {
  (void)signal;
  handled = handled + 1;
  if (posting) sem_post(&semaphore);
}

static void act(int flags) {
  struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
}

/* A signal after 10 ms, a post after 30 ms more unless the handler posts. */
static void* disturbs(void* unused) {
  usleep(10000);
  if (kill_at_10_ms) kill(getpid(), SIGUSR1);
  if (!kill_at_10_ms) pthread_kill(target, SIGUSR1);
  usleep(30000);
  if (!posting) sem_post(&semaphore);
  return unused;
}

static int wait_untimed(void) { return sem_wait(&semaphore); }

static int wait_timed(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 5000);
  return sem_timedwait(&semaphore, &until);
}

static int wait_clock(void) {
  const struct timespec until = in_ms(CLOCK_MONOTONIC, 5000);
  return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until);
}

static void be_disturbed(int (*call)(void), const char* name) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  handled = 0;
  target = pthread_self();
  /* So that a signal to the process can only come to this thread. */
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  const pthread_t thread = start(disturbs, NULL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  errno = 0;
  const int result = call();
  printf("%s: %d, %s, handled %d\n", name, result, result == 0 ? "-" : error_name(errno),
         (int)handled);
  finish(thread);
  while (sem_trywait(&semaphore) == 0) continue;
}

static void* wait_all_ways(void* unused) {
  for (int restart = 0; restart < 2; restart++) {
    act(restart ? SA_RESTART : 0);
    for (posting = 0; posting < 2; posting++) {
      printf("%s, the handler %s\n", restart ? "SA_RESTART" : "no flags",
             posting ? "posts" : "does not post");
      be_disturbed(wait_untimed, "sem_wait");
      be_disturbed(wait_timed, "sem_timedwait");
      be_disturbed(wait_clock, "sem_clockwait");
    }
  }
  return unused;
}

int main(int count, char** arguments) {
  (void)arguments;
  const int shared = count > 1; /* any argument: shared semaphores */
  setvbuf(stdout, NULL, _IOLBF, 0);
  sem_init(&semaphore, shared, 0);
  puts("-- main thread, pthread_kill");
  wait_all_ways(NULL);
  puts("-- main thread, kill");
  kill_at_10_ms = 1;
  wait_all_ways(NULL);
  puts("-- another thread, pthread_kill");
  kill_at_10_ms = 0;
  in_other_thread(wait_all_ways, NULL);
  return 0;
}

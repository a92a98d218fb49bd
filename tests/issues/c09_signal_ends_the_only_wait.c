/* The only thread waits for nothing but a signal: it is not said to wait for ever, and the handler
 * of SIGINT ends what a handler ends. */
#include <semaphore.h>
#include <signal.h>

#include "check.h"

static volatile sig_atomic_t handled;
static sem_t semaphore;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void on_interrupt(int signal) {
  (void)signal;
  handled = 1;
}

static void ends_process(int signal) {
  (void)signal;
  _exit(7);
}

static void in_pause(void) { CHECK(pause() == -1 && errno == EINTR); }

static void in_sigsuspend(void) {
  sigset_t none;
  sigemptyset(&none);
  CHECK(sigsuspend(&none) == -1 && errno == EINTR);
}

static void in_sem_wait(void) { CHECK(sem_wait(&semaphore) == -1 && errno == EINTR); }

static void in_condition(void) {
  pthread_mutex_lock(&mutex);
  for (;;) pthread_cond_wait(&condition, &mutex);
}

/* Runs `wait` in a child that has no other thread, and sends signals until it has ended. */
static void interrupted(void (*wait)(void), void (*handler)(int), int status) {
  int got;
  const pid_t child = fork();
  if (child == 0) {
    const struct sigaction action = {.sa_handler = handler}; /* without SA_RESTART */
    sigaction(SIGINT, &action, NULL);
    alarm(10);
    wait();
    _exit(handled ? 0 : 1);
  }
  nap_ms(50);
  for (;;) { /* more than one: the child may have had it before it waited */
    kill(child, SIGINT);
    nap_ms(20);
    const pid_t ended = waitpid(child, &got, WNOHANG);
    CHECK(ended >= 0);
    if (ended == child) break;
  }
  CHECK(WIFEXITED(got));
  CHECK(WEXITSTATUS(got) == status);
}

int main(void) {
  alarm(20);
  signal(SIGINT, SIG_IGN); /* until the child has set its own */
  sem_init(&semaphore, 0, 0);
  interrupted(in_pause, on_interrupt, 0);
  interrupted(in_sigsuspend, on_interrupt, 0);
  interrupted(in_sem_wait, on_interrupt, 0);
  interrupted(in_condition, ends_process, 7);
  return 0;
}

/* At-fork handlers: prepare in reverse order, parent and child in order, each as the forking
 * thread; those of the parent may wait while other threads go on. */
#include <semaphore.h>

#include "check.h"

static char order[32];
static __thread int mark;
static pthread_t forking;
static sem_t asked;
static sem_t answered;

static void note(const char* what) {
  CHECK(mark == 42);
  CHECK(pthread_equal(forking, pthread_self()));
  strcat(order, what);
}

static void ask_other_thread(void) {
  sem_post(&asked);
  CHECK(sem_wait(&answered) == 0);
}

static void prepare_first(void) {
  note("a");
  ask_other_thread();
  usleep(1000);
}
static void prepare_second(void) { note("b"); }
static void parent_first(void) {
  note("c");
  ask_other_thread();
}
static void parent_second(void) { note("d"); }
static void child_first(void) { note("e"); }
static void child_second(void) { note("f"); }

static void* answers(void* unused) {
  for (int i = 0; i < 2; i++) {
    CHECK(sem_wait(&asked) == 0);
    sem_post(&answered);
  }
  return unused;
}

static void* forks(void* unused) {
  mark = 42;
  forking = pthread_self();
  order[0] = '\0';
  const pthread_t helper = start(answers, NULL);
  const pid_t child = fork();
  if (child == 0) {
    CHECK(strcmp(order, "baef") == 0);
    CHECK(getpid() == gettid());
    _exit(9);
  }
  CHECK(strcmp(order, "bacd") == 0);
  expect_exit(child, 9);
  join(helper);
  return unused;
}

int main(void) {
  alarm(20);
  sem_init(&asked, 0, 0);
  sem_init(&answered, 0, 0);
  CHECK(pthread_atfork(prepare_first, parent_first, child_first) == 0);
  CHECK(pthread_atfork(prepare_second, parent_second, child_second) == 0);
  forks(NULL);
  for (int i = 0; i < 20; i++) join(start(forks, NULL));
  return 0;
}

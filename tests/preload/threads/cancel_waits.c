/* cancel_waits.c: sleeps and waits for signals, locks, threads and children end when their thread
 * is cancelled while it blocks, and do nothing when it is cancelled before. */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <threads.h>

#include "cancel_point.h"

static sem_t never;
static pthread_t forever;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static mtx_t c11_mutex;
static cnd_t c11_condition;
static thrd_t c11_forever;
static pid_t child;

static const struct timespec long_time = {1000, 0};

static void in_nanosleep(void) { nanosleep(&long_time, NULL); }

static void in_clock_nanosleep(void) { clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL); }

static void in_usleep(void) { usleep(999999999); }

static void in_sleep(void) { sleep(1000); }

static void in_thrd_sleep(void) { thrd_sleep(&long_time, NULL); }

static void in_pause(void) { pause(); }

static void in_sigsuspend(void) {
  sigset_t none;
  sigemptyset(&none);
  sigsuspend(&none);
}

static void in_sigwait(void) {
  int signal = 0;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigwait(&set, &signal);
}

static void in_sigwaitinfo(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigwaitinfo(&set, NULL);
}

static void in_sigtimedwait(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigtimedwait(&set, NULL, &long_time);
}

static void in_sem_wait(void) { sem_wait(&never); }

static void in_sem_timedwait(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  sem_timedwait(&never, &until);
}

static void in_sem_clockwait(void) {
  const struct timespec until = in_ms(CLOCK_MONOTONIC, 1000000);
  sem_clockwait(&never, CLOCK_MONOTONIC, &until);
}

static void unlock(void* held) { SAY(pthread_mutex_unlock(held)); }

static void in_cond_wait(void) {
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  pthread_cond_wait(&condition, &mutex);
  pthread_cleanup_pop(1);
}

static void in_cond_timedwait(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  pthread_cond_timedwait(&condition, &mutex, &until);
  pthread_cleanup_pop(1);
}

static void in_cond_clockwait(void) {
  const struct timespec until = in_ms(CLOCK_MONOTONIC, 1000000);
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &until);
  pthread_cleanup_pop(1);
}

static void in_join(void) { pthread_join(forever, NULL); }

static void in_timedjoin(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  pthread_timedjoin_np(forever, NULL, &until);
}

static void in_clockjoin(void) {
  const struct timespec until = in_ms(CLOCK_MONOTONIC, 1000000);
  pthread_clockjoin_np(forever, NULL, CLOCK_MONOTONIC, &until);
}

static void in_wait(void) { wait(NULL); }

static void in_waitpid(void) { waitpid(child, NULL, 0); }

static void in_waitid(void) {
  siginfo_t info;
  waitid(P_PID, (id_t)child, &info, WEXITED);
}

static void in_system(void) { (void)!system("exec sleep 60"); }

static void unlock_c11(void* held) { SAY_NUMBER(mtx_unlock(held) == thrd_success); }

static void in_cnd_wait(void) {
  mtx_lock(&c11_mutex);
  pthread_cleanup_push(unlock_c11, &c11_mutex);
  cnd_wait(&c11_condition, &c11_mutex);
  pthread_cleanup_pop(1);
}

static void in_cnd_timedwait(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  mtx_lock(&c11_mutex);
  pthread_cleanup_push(unlock_c11, &c11_mutex);
  cnd_timedwait(&c11_condition, &c11_mutex, &until);
  pthread_cleanup_pop(1);
}

static void in_thrd_join(void) { thrd_join(c11_forever, NULL); }

/* Calls that need not block. */
static void in_testcancel(void) { pthread_testcancel(); }

static void in_no_sleep(void) { nanosleep(&(struct timespec){0, 0}, NULL); }

static void in_usleep_0(void) { usleep(0); }

static void in_sleep_0(void) { sleep(0); }

static void in_posted_sem_wait(void) { sem_wait(&started); }

static void in_waitpid_nohang(void) { waitpid(child, NULL, WNOHANG); }

static void in_sched_yield(void) { sched_yield(); }

static void in_try_lock(void) { pthread_mutex_unlock((pthread_mutex_trylock(&mutex), &mutex)); }

static const struct point blocking[] = {
    POINT(nanosleep),     POINT(clock_nanosleep), POINT(usleep),         POINT(sleep),
    POINT(thrd_sleep),    POINT(pause),           POINT(sigsuspend),     POINT(sigwait),
    POINT(sigwaitinfo),   POINT(sigtimedwait),    POINT(sem_wait),       POINT(sem_timedwait),
    POINT(sem_clockwait), POINT(cond_wait),       POINT(cond_timedwait), POINT(cond_clockwait),
    POINT(join),          POINT(timedjoin),       POINT(clockjoin),      POINT(wait),
    POINT(waitpid),       POINT(waitid),          POINT(system),         POINT(cnd_wait),
    POINT(cnd_timedwait), POINT(thrd_join),
};

/* The last two are no points: the thread goes on. */
static const struct point quick[] = {
    POINT(testcancel),      POINT(no_sleep),       POINT(usleep_0),    POINT(sleep_0),
    POINT(posted_sem_wait), POINT(waitpid_nohang), POINT(sched_yield), POINT(try_lock),
};

static void* waits_forever(void* unused) {
  for (;;) pause();
  return unused;
}

static int sleeps_forever(void* unused) {
  (void)unused;
  for (;;) pause();
  return 0;
}

int main(void) {
  sigset_t usr1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, NULL);
  child = fork();
  if (child == 0) {
    alarm(60);
    for (;;) pause();
  }
  sem_init(&never, 0, 0);
  sem_init(&started, 0, 0);
  mtx_init(&c11_mutex, mtx_plain);
  cnd_init(&c11_condition);
  if (pthread_create(&forever, NULL, waits_forever, NULL) != 0) return 1;
  if (thrd_create(&c11_forever, sleeps_forever, NULL) != thrd_success) return 1;
  cancel_all(blocking, COUNT(blocking), quick, COUNT(quick));
  SAY(pthread_mutex_trylock(&mutex));
  SAY_NUMBER(mtx_trylock(&c11_mutex) == thrd_success);
  kill(child, SIGKILL);
  SAY_NUMBER(waitpid(child, NULL, 0) == child);
  return 0;
}

/* file_locks.c: flock, fcntl and lockf: results, waiting, signals, cancellation, deadlocks of
 * processes. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cancel_point.h"
#include "kernel_wait.h"

static char path[] = "locked-XXXXXX";
static int first, second; /* two descriptions of one file */
static pid_t holder;      /* 0: nobody */

static struct flock region(short type, off_t start) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 1};
}

/* Another process holds the first byte until it is killed: then the kernel unlocks. */
static void hold(void) {
  int ready[2];
  char byte;
  if (pipe(ready) != 0) abort();
  holder = fork();
  if (holder == 0) {
    struct flock lock = region(F_WRLCK, 0);
    const int fd = open(path, O_RDWR);
    alarm(60);
    if (fcntl(fd, F_SETLK, &lock) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  if (read(ready[0], &byte, 1) != 1) abort();
  close(ready[0]);
  close(ready[1]);
}

static void release(void) {
  if (holder == 0) return;
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
  holder = 0;
}

static long in_flock(void) { return flock(second, LOCK_EX); }
static long in_flock_by_number(void) { return syscall(SYS_flock, second, LOCK_SH); }
static long in_setlkw(void) {
  struct flock lock = region(F_RDLCK, 0);
  return fcntl(second, F_SETLKW, &lock);
}
static long in_setlkw_by_number(void) {
  struct flock lock = region(F_WRLCK, 0);
  return syscall(SYS_fcntl, second, F_SETLKW, &lock);
}
static long in_lockf(void) { return lockf(second, F_LOCK, 1); }
static long in_ofd_setlkw(void) {
  struct flock lock = region(F_WRLCK, 0);
  return fcntl(second, F_OFD_SETLKW, &lock);
}

static void unlock_flock(void) { flock(first, LOCK_UN); }
static void unlock_ofd(void) {
  struct flock lock = region(F_UNLCK, 0);
  fcntl(first, F_OFD_SETLK, &lock);
}

static void lock_flock(void) { flock(first, LOCK_EX); }
static void lock_ofd(void) {
  struct flock lock = region(F_WRLCK, 0);
  fcntl(first, F_OFD_SETLK, &lock);
}

static void unlock_second(void) {
  struct flock lock = region(F_UNLCK, 0);
  flock(second, LOCK_UN);
  fcntl(second, F_SETLK, &lock);
  fcntl(second, F_OFD_SETLK, &lock);
}

static void wait_all_ways(struct kernel_wait wait, void (*lock)(void)) {
  void (*const ways[])(struct kernel_wait*) = {wait_in_peace, interrupt_wait, restart_wait};
  for (size_t i = 0; i < COUNT(ways); i++) {
    lock();
    ways[i](&wait);
    wait.unblock();
    unlock_second();
  }
}

static void results(void) {
  struct flock lock = region(F_WRLCK, 0);
  SAY_ERRNO(flock(first, LOCK_EX));
  SAY_ERRNO(flock(second, LOCK_SH | LOCK_NB));
  SAY_ERRNO(flock(first, LOCK_SH));
  SAY_ERRNO(flock(second, LOCK_SH));
  SAY_ERRNO(flock(first, LOCK_EX | LOCK_NB));
  SAY_ERRNO(flock(second, LOCK_UN));
  SAY_ERRNO(flock(first, LOCK_UN));
  SAY_ERRNO(flock(first, 0));
  SAY_ERRNO(flock(first, 77));
  SAY_ERRNO(flock(-1, LOCK_EX));
  SAY_ERRNO(fcntl(-1, F_SETLKW, &lock));
  SAY_ERRNO(fcntl(first, F_SETLKW, &lock));
  SAY_ERRNO(fcntl(second, F_OFD_SETLK, &lock));
  SAY_ERRNO((lock.l_pid = 1, fcntl(second, F_OFD_SETLKW, &lock)));
  SAY_ERRNO((lock.l_pid = 0, lock.l_type = 99, fcntl(second, F_SETLKW, &lock)));
  SAY_ERRNO((lock = region(F_UNLCK, 0), fcntl(first, F_SETLKW, &lock)));
  SAY_ERRNO((lock = region(F_WRLCK, -1), fcntl(first, F_SETLKW, &lock)));
  SAY_ERRNO(lockf(first, F_LOCK, 1));
  SAY_ERRNO(lockf(first, F_TEST, 1));
  SAY_ERRNO(lockf(first, F_ULOCK, 1));
  SAY_ERRNO(lockf(first, 99, 1));
  SAY_ERRNO(lockf(-1, F_LOCK, 1));
  SAY_ERRNO(lockf64(first, F_TLOCK, -1));
}

/* Of two processes that wait for each other one is told, whichever comes second. */
static void deadlock(void) {
  struct flock zero = region(F_WRLCK, 0), one = region(F_WRLCK, 1);
  int ready[2], status = 0;
  char byte;
  if (pipe(ready) != 0 || fcntl(first, F_SETLK, &zero) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    if (fcntl(first, F_SETLK, &one) != 0 || write(ready[1], "x", 1) != 1) _exit(2);
    _exit(fcntl(first, F_SETLKW, &zero) == -1 && errno == EDEADLK ? 1 : 0);
  }
  if (read(ready[0], &byte, 1) != 1) abort();
  usleep(20000);
  const int told = fcntl(first, F_SETLKW, &one) == -1 && errno == EDEADLK ? 1 : 0;
  zero.l_type = F_UNLCK;
  fcntl(first, F_SETLK, &zero);
  waitpid(child, &status, 0);
  SAY_NUMBER(told + WEXITSTATUS(status));
  unlock_second();
}

static void in_cancelled_setlkw(void) { in_setlkw(); }
static void in_cancelled_ofd(void) { in_ofd_setlkw(); }
static void in_cancelled_lockf(void) { in_lockf(); }
static void in_free_flock(void) {
  flock(second, LOCK_EX);
  flock(second, LOCK_UN);
}
static void in_free_setlk(void) {
  struct flock lock = region(F_UNLCK, 50);
  fcntl(second, F_SETLK, &lock);
}
static void in_free_setlkw(void) {
  struct flock lock = region(F_UNLCK, 50);
  fcntl(second, F_SETLKW, &lock);
}

static const struct point blocking[] = {POINT(cancelled_setlkw), POINT(cancelled_lockf)};
static const struct point blocking_ofd[] = {POINT(cancelled_ofd)};
static const struct point quick[] = {POINT(free_flock), POINT(free_setlk), POINT(free_setlkw)};

/* Each thread with a description of its own: all take turns. */
static int counted;

static void* takes_turns(void* argument) {
  const int fd = open(path, O_RDWR);
  for (int i = 0; i < 20; i++) {
    if (flock(fd, LOCK_EX) != 0) abort();
    const int seen = counted;
    if (i % 8 == 0) usleep(100);
    counted = seen + 1;
    if (flock(fd, LOCK_UN) != 0) abort();
  }
  close(fd);
  return argument;
}

static void turns(void) {
  pthread_t threads[20];
  for (size_t i = 0; i < COUNT(threads); i++)
    if (pthread_create(&threads[i], NULL, takes_turns, NULL) != 0) abort();
  for (size_t i = 0; i < COUNT(threads); i++) pthread_join(threads[i], NULL);
  SAY_NUMBER(counted);
}

/* A signal for the process ends the first thread's call, whichever thread the kernel gave it to. */
static volatile int is_over;

static void* computes(void* argument) {
  while (!is_over) continue;
  return argument;
}

static void signal_for_the_process(void) {
  pthread_t threads[3];
  const pid_t parent = getpid();
  for (size_t i = 0; i < COUNT(threads); i++)
    if (pthread_create(&threads[i], NULL, computes, NULL) != 0) abort();
  for (int i = 0; i < 10; i++) usleep(5000);
  interrupted_thread = pthread_self();
  lock_flock();
  handle(0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    for (;;) {
      usleep(20000);
      kill(parent, SIGUSR1);
    }
  }
  SAY_ERRNO(in_flock());
  is_over = 1;
  kill(child, SIGKILL);
  while (waitpid(child, NULL, 0) == -1 && errno == EINTR) continue;
  for (size_t i = 0; i < COUNT(threads); i++) pthread_join(threads[i], NULL);
  unlock_flock();
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  first = mkstemp(path);
  second = open(path, O_RDWR);
  if (first < 0 || second < 0) return 1;
  sem_init(&started, 0, 0);
  results();
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(flock, unlock_flock), lock_flock);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(flock_by_number, unlock_flock), lock_flock);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(ofd_setlkw, unlock_ofd), lock_ofd);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(setlkw, release), hold);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(setlkw_by_number, release), hold);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(lockf, release), hold);
  deadlock();
  hold();
  cancel_all(blocking, COUNT(blocking), quick, COUNT(quick));
  release();
  lock_ofd();
  cancel_all(blocking_ofd, COUNT(blocking_ofd), NULL, 0);
  unlock_ofd();
  turns();
  signal_for_the_process();
  unlink(path);
  return 0;
}

/* child_signals.c: what signals do to a thread that waits for children. */
#include <sys/wait.h>

#include "cancel_point.h"
#include "kernel_wait.h"

static pid_t child;
static int gate[2];

/* One that ends when the gate is opened. */
static void make_child(void) {
  if (pipe(gate) != 0) abort();
  child = fork();
  if (child == 0) {
    char byte;
    alarm(60);
    setpgid(0, 0);
    close(gate[1]);
    _exit(read(gate[0], &byte, 1) == 0 ? 3 : 1);
  }
  setpgid(child, child);
  close(gate[0]);
}

static void let_it_end(void) {
  if (gate[1] >= 0) close(gate[1]);
  gate[1] = -1;
}

static long exit_code(pid_t got, int status) {
  return got == -1 ? -1 : got == child && WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static long in_wait(void) {
  int status = 0;
  const pid_t got = wait(&status);
  return exit_code(got, status);
}
static long in_waitpid(void) {
  int status = 0;
  const pid_t got = waitpid(child, &status, 0);
  return exit_code(got, status);
}
static long in_waitpid_group(void) {
  int status = 0;
  const pid_t got = waitpid(-child, &status, 0);
  return exit_code(got, status);
}
static long in_waitpid_stopped(void) {
  int status = 0;
  const pid_t got = waitpid(child, &status, WUNTRACED | WCONTINUED);
  return exit_code(got, status);
}
static long in_waitid_all(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  return waitid(P_ALL, 0, &info, WEXITED) == 0 ? info.si_status : -1;
}
static long in_waitid_one(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  return waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0 ? info.si_status : -1;
}

static void wait_all_ways(struct kernel_wait wait_for) {
  void (*const ways[])(struct kernel_wait*) = {wait_in_peace, interrupt_wait, restart_wait};
  for (size_t i = 0; i < COUNT(ways); i++) {
    make_child();
    ways[i](&wait_for);
    let_it_end();
    waitpid(child, NULL, 0);
  }
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(wait, let_it_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(waitpid, let_it_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(waitpid_group, let_it_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(waitpid_stopped, let_it_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(waitid_all, let_it_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(waitid_one, let_it_end));
  return 0;
}

/* waitpid, system and pclose with SIGCHLD by default, ignored, handled and blocked, in a thread. */
#include <signal.h>

#include "../preload/threads/say.h"
#include "check.h"

static void on_child(int signal) { (void)signal; }

static void say_status(const char* call, int status) {
  if (status == -1)
    printf("%s: -1, %s\n", call, error_name(errno));
  else
    printf("%s: exited %d, status %d\n", call, WIFEXITED(status), WEXITSTATUS(status));
}

static pid_t child_that_exits(int status) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    nap_ms(30);
    _exit(status);
  }
  return child;
}

static void* waits(void* unused) {
  int status = -1;
  const double begin = seconds_now();
  pid_t child = child_that_exits(3);
  status = waitpid(child, &status, 0) == child ? status : -1;
  say_status("waitpid(pid)", status);
  printf("waited until it ended: %d\n", seconds_now() - begin >= 0.03);
  child = child_that_exits(4);
  (void)child_that_exits(4);
  status = wait(&status) > 0 ? status : -1;
  say_status("wait", status);
  status = wait(&status) > 0 ? status : -1;
  say_status("wait", status);
  say_status("system", system("sleep 0.03; exit 5"));
  FILE* out = popen("sleep 0.03; exit 6", "r");
  CHECK(out != NULL);
  say_status("pclose", pclose(out));
  status = waitpid(-1, &status, 0) > 0 ? status : -1;
  say_status("waitpid(-1)", status);
  return unused;
}

static void with(const char* name, void (*handler)(int), int how) {
  struct sigaction action = {.sa_handler = handler};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  printf("--- %s\n", name);
  CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
  CHECK(pthread_sigmask(how, &set, NULL) == 0);
  waits(NULL);
  join(start(waits, NULL));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  with("by default", SIG_DFL, SIG_UNBLOCK);
  with("ignored", SIG_IGN, SIG_UNBLOCK);
  with("blocked", SIG_DFL, SIG_BLOCK);
  with("handled", on_child, SIG_UNBLOCK);
  return 0;
}

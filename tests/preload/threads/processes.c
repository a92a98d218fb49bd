/* processes.c: what a child is given by each call that makes one: mask, dispositions, descriptors;
 * and that it can wait and make threads. */
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "other_thread.h"
#include "say.h"

extern char** environ;

/* dash clears its mask. */
static const char kSignals[] =
    "grep -E '^Sig(Ign|Cgt)' /proc/self/status; ls /proc/self/fd | wc -l";
static char* const grep[] = {"grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status", NULL};

static void* naps(void* argument) {
  usleep(1000);
  return argument;
}

/* Blocking calls and threads work; the exit status says so. */
static int works(void) {
  int ends[2], child_status = 0;
  char byte = 0;
  alarm(10);
  if (pipe(ends) != 0) return 1;
  for (int i = 0; i < 3; i++) {
    const pthread_t thread = start(naps, NULL);
    usleep(1000);
    finish(thread);
  }
  const pid_t child = fork();
  if (child == 0) {
    usleep(1000);
    _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
  }
  if (read(ends[0], &byte, 1) != 1 || byte != 'x') return 2;
  if (waitpid(child, &child_status, 0) != child || child_status != 0) return 3;
  const int status = system("exit 7");
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 42 : 4;
}

static void say_status(const char* what, pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) status = -1;
  printf("%s: %s %d\n", what, WIFEXITED(status) ? "exit" : "signal",
         WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int works_in_clone(void* argument) {
  (void)argument;
  return works();
}

static void children_work(void) {
  pid_t child = fork();
  if (child == 0) _exit(works());
  say_status("fork", child);
  child = _Fork();
  if (child == 0) _exit(works());
  say_status("_Fork", child);
  child = (pid_t)syscall(SYS_fork);
  if (child == 0) _exit(works());
  say_status("SYS_fork", child);
  child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(works());
  say_status("SYS_clone", child);
  SAY_ERRNO(syscall(SYS_clone3, NULL, 0));
  enum { kStack = 1 << 20 };
  char* stack = malloc(kStack);
  child = clone(works_in_clone, stack + kStack, SIGCHLD, NULL);
  say_status("clone", child);
  free(stack);
}

static void terminal_child_works(void) {
  int terminal = -1;
  char text[64] = "";
  const pid_t child = forkpty(&terminal, NULL, NULL, NULL);
  if (child == 0) {
    printf("isatty %d\n", isatty(0));
    fflush(stdout);
    _exit(works());
  }
  SAY_NUMBER(read(terminal, text, sizeof text - 1) > 0 && strncmp(text, "isatty 1", 8) == 0);
  say_status("forkpty", child);
  close(terminal);
}

/* The daemon is nobody's child: it writes how it did. */
static void daemon_works(void) {
  int ends[2], result = 0;
  if (pipe(ends) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    if (daemon(1, 1) != 0) _exit(1);
    const int code = works();
    _exit(write(ends[1], &code, sizeof code) == sizeof code ? 0 : 1);
  }
  close(ends[1]);
  say_status("daemon's parent", child);
  SAY_NUMBER(read(ends[0], &result, sizeof result) == sizeof result);
  SAY_NUMBER(result);
  close(ends[0]);
}

static void copy_to_stdout(FILE* stream) {
  char line[128];
  while (fgets(line, sizeof line, stream) != NULL) fputs(line, stdout);
}

static void with_execve(void) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    execve("/bin/grep", grep, environ);
    _exit(127);
  }
  say_status("execve", child);
}

static void with_posix_spawn(void) {
  pid_t child = 0;
  if (posix_spawn(&child, "/bin/grep", NULL, NULL, grep, environ) != 0) abort();
  say_status("posix_spawn", child);
  if (posix_spawnp(&child, "grep", NULL, NULL, grep, environ) != 0) abort();
  say_status("posix_spawnp", child);
  SAY(posix_spawnp(&child, "no-such-program", NULL, NULL, grep, environ));
}

static void with_libc(void) {
  wordexp_t words;
  SAY_NUMBER(system(kSignals));
  FILE* stream = popen(kSignals, "r");
  copy_to_stdout(stream);
  SAY_NUMBER(pclose(stream));
  SAY_NUMBER(system(NULL));
  SAY_NUMBER(system("kill -9 $$"));
  SAY_NUMBER(WEXITSTATUS(system("/no/such/program 2>/dev/null")));
  SAY_NUMBER(wordexp("$(sleep 0.02; echo one two) three", &words, 0));
  SAY_NUMBER(words.we_wordc);
  wordfree(&words);
  SAY_NUMBER(wordexp("$(echo no)", &words, WRDE_NOCMD));
}

static void handler(int signal) { (void)signal; }

/* As threads are: each with a mask of its own. */
static void* inherits(void* argument) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigaddset(&mask, SIGRTMIN + 3);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  signal(SIGHUP, SIG_IGN);
  signal(SIGTERM, handler);
  with_execve();
  with_posix_spawn();
  with_libc();
  return argument;
}

static void say_mask(const char* when) {
  sigset_t mask;
  unsigned long bits = 0;
  char line[128], kernel[64] = "";
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  memcpy(&bits, &mask, sizeof bits);
  FILE* file = fopen("/proc/thread-self/status", "r");
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "SigBlk: %32s", kernel) == 1) break;
  fclose(file);
  printf("%s: mask %lx, of the kernel %s\n", when, bits, kernel);
}

static volatile int handled, is_over;

static void count(int signal) {
  (void)signal;
  handled = handled + 1;
}

static void* runs_a_command(void* argument) {
  say_mask("before system");
  const int status = system("sleep 0.1; exit 4");
  say_mask("behind system");
  usleep(1000);
  say_mask("behind a wait");
  SAY_NUMBER(WEXITSTATUS(status));
  is_over = 1;
  return argument;
}

/* Handlers run meanwhile, and leave no trace. */
static void system_is_interrupted(void) {
  is_over = 0;
  struct sigaction action = {.sa_handler = count};
  sigaction(SIGUSR1, &action, NULL);
  const pthread_t thread = start(runs_a_command, NULL);
  while (!is_over) {
    pthread_kill(thread, SIGUSR1);
    usleep(20000);
  }
  finish(thread);
  SAY_NUMBER(handled > 0);
}

/* SIGINT and SIGQUIT are ignored as long as any thread is in system(). */
static void* runs_long(void* argument) {
  (void)!system(argument);
  return NULL;
}

static void signals_of_the_terminal(void) {
  struct sigaction now;
  handled = 0;
  signal(SIGINT, count);
  const pthread_t first = start(runs_long, "sleep 0.05"), second = start(runs_long, "sleep 0.15");
  usleep(30000);
  kill(getpid(), SIGINT);
  kill(getpid(), SIGQUIT);
  finish(first);
  kill(getpid(), SIGINT);
  sigaction(SIGINT, NULL, &now);
  SAY_NUMBER(now.sa_handler == SIG_IGN);
  finish(second);
  SAY_NUMBER(handled);
  sigaction(SIGINT, NULL, &now);
  SAY_NUMBER(now.sa_handler == count);
  kill(getpid(), SIGINT);
  while (handled == 0) usleep(1000);
  SAY_NUMBER(handled);
}

/* Programs close what they do not know. */
static int works_after_closing(int way) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  const pthread_t thread = start(naps, NULL);
  if (way == 0)
    for (int fd = 3; fd < (int)limit.rlim_cur; fd++) close(fd);
  else if (way == 1)
    close_range(3, ~0U, 0);
  else if (way == 2)
    closefrom(3);
  else if (way == 3)
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  else if (way == 4)
    syscall(SYS_close_range, 3, ~0U, 0);
  else
    for (int fd = 3; fd < (int)limit.rlim_cur; fd++) syscall(SYS_close, fd);
  finish(thread);
  FILE* stream = popen("echo heard", "r");
  char text[16] = "";
  if (fgets(text, sizeof text, stream) == NULL || strcmp(text, "heard\n") != 0) return 5;
  pclose(stream);
  return works();
}

static void close_all(void) {
  struct rlimit limit = {1024, 1024};
  for (int way = 0; way < 6; way++) {
    const pid_t child = fork();
    if (child == 0) {
      setrlimit(RLIMIT_NOFILE, &limit);
      _exit(works_after_closing(way));
    }
    say_status("closes all", child);
  }
}

static void* all(void* argument) {
  children_work();
  terminal_child_works();
  daemon_works();
  in_other_thread(inherits, NULL);
  system_is_interrupted();
  signals_of_the_terminal();
  close_all();
  return argument;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  in_other_thread(naps, NULL);
  all(NULL); /* as the first thread */
  in_other_thread(all, NULL);
  return 0;
}

/* exec.c: what each call that executes a program hands over, and how it fails.
 *
 * Without arguments the process executes this program again and again, each time by another call.
 * Which objects are loaded each time is on standard error, for who wants to know (exec.sh).
 */
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

extern char** environ;

enum { kMany = 20000, kStack = 1 << 16 };

static const char kScript[] = "./script"; /* without "#!": execvp has the shell run it */
static char path[4096], folder[4096];
static const char* file;
static char* environment[16];
static char** volatile bad = (char**)1; /* volatile: the compiler would warn */

/* A few of our own, and those that say how we are run. */
static void make_environment(void) {
  int count = 0;
  environment[count++] = "FIRST=1";
  environment[count++] = "LD_PRELOADED=no";
  environment[count++] = "no equals sign";
  for (char** at = environ; *at != NULL && count < 14; at++)
    if (strncmp(*at, "WEFT_", 5) == 0 || strncmp(*at, "LD_PRELOAD=", 11) == 0)
      environment[count++] = *at;
  environment[count++] = "LAST=";
}

static char** many_variables(void) {
  static char* many[kMany + 17];
  for (int i = 0; i < kMany; i++) many[i] = "A=1";
  for (int i = 0; environment[i] != NULL; i++) many[kMany + i] = environment[i];
  return many;
}

static int say_object(struct dl_phdr_info* object, size_t size, void* unused) {
  (void)size;
  (void)unused;
  const char* slash = strrchr(object->dlpi_name, '/');
  fprintf(stderr, " %s", slash != NULL ? slash + 1 : object->dlpi_name);
  return 0;
}

static void say_objects(const char* who) {
  fprintf(stderr, "%s:", who);
  dl_iterate_phdr(say_object, NULL);
  fprintf(stderr, "\n");
}

static void say_program(int argc, char** argv) {
  int count = 0;
  printf("%d arguments, the last one '%s'; variables:", argc, argv[argc - 1]);
  for (; environ[count] != NULL; count++)
    if (count < 16) printf(" '%s'", environ[count]);
  printf(", %d of them\n", count);
}

static void* waits(void* argument) { return pause(), argument; }
static void* executes(void* argv) { return execv(path, argv), argv; }

static char** handled;
static void on_signal(int signal) {
  (void)signal;
  execve(path, handled, environment);
}

static void execute_on_small_stack(char** argv) {
  static char memory[8192];
  const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  handled = argv;
  sigaltstack(&stack, NULL);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
}

static void execute_in_thread(char** argv) {
  start(waits, NULL);
  start(waits, NULL);
  finish(start(executes, argv));
}

static void execute_script(char** argv) {
  const int fd = open(kScript, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  dprintf(fd, "exec '%s' \"$3\"\n", path);
  close(fd);
  execvp(kScript, argv);
}

#define TEN(x) x, x, x, x, x, x, x, x, x, x
#define HUNDRED(x) TEN(TEN(x))

/* What follows is the arguments' last. */
#define STEPS(X)                                                                                 \
  X(execve(path, argv, environment))                                                             \
  X(execv(path, argv))                                                                           \
  X(execvp(file, argv))                                                                          \
  X(execvpe(file, argv, environment))                                                            \
  X(execl(path, "execl", next, NULL))                                                            \
  X(execl(path, "execl", HUNDRED("x"), HUNDRED("x"), HUNDRED("x"), next, NULL))                  \
  X(execlp(file, "execlp", next, NULL))                                                          \
  X(execle(path, "execle", next, NULL, environment))                                             \
  X(fexecve(open(path, O_RDONLY | O_CLOEXEC), argv, environment))                                \
  X(execveat(AT_FDCWD, path, argv, environment, 0))                                              \
  X(execveat(open(folder, O_PATH | O_CLOEXEC), file, argv, environment, 0))                      \
  X(syscall(SYS_execve, path, argv, environment))                                                \
  X(syscall(SYS_execveat, open(path, O_PATH | O_CLOEXEC), "", argv, environment, AT_EMPTY_PATH)) \
  X(execve(path, argv, many_variables()))                                                        \
  X(execve(path, argv, environment))                                                             \
  X(execute_script(argv))                                                                        \
  X(execute_in_thread(argv))                                                                     \
  X(execute_on_small_stack(argv))                                                                \
  X(execve(path, argv, NULL))

static int take_step(int number) {
  char next[16];
  char* argv[] = {"program", "with", "arguments", next, NULL};
  if (getenv("FIRST") != NULL) setenv("PATH", folder, 1);
  snprintf(next, sizeof next, "%d", number + 1);
  int at = 0;
#define STEP(call)                     \
  if (at++ == number) {                \
    printf("by %s\n", #call);          \
    fflush(stdout);                    \
    call;                              \
    printf("%s\n", error_name(errno)); \
    return 1;                          \
  }
  STEPS(STEP)
  return 0;
}

static int has_environment(char** before, int count) {
  int now = 0;
  while (environ[now] != NULL) now++;
  return environ == before && now == count && getenv("LD_PRELOAD") == NULL;
}

static long kilobytes_of_memory(void) {
  long kilobytes = 0;
  FILE* status = fopen("/proc/self/status", "r");
  char line[256];
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "VmSize: %ld", &kilobytes);
  fclose(status);
  return kilobytes;
}

static void say_failures(void) {
  char* const argv[] = {"program", NULL};
  char* bad_text[] = {"A=1", (char*)bad, NULL};
  char* long_text = malloc(1 << 18);
  char* long_variable[] = {"A=1", long_text, NULL};
  memset(long_text, 'x', 1 << 18);
  long_text[(1 << 18) - 1] = 0;
  close(open("plain", O_CREAT | O_WRONLY, 0644));
  close(open("empty", O_CREAT | O_WRONLY, 0755));
  char** const before = environ;
  int count = 0;
  while (environ[count] != NULL) count++;

  SAY_ERRNO(execve("none", argv, environment));
  SAY_ERRNO(execve("plain/none", argv, environment));
  SAY_ERRNO(execve("plain", argv, environment));
  SAY_ERRNO(execve("empty", argv, environment));
  SAY_ERRNO(execve(NULL, argv, environment));
  SAY_ERRNO(execve("/bin/true", bad, environment));
  SAY_ERRNO(execve("/bin/true", argv, bad));
  SAY_ERRNO(execve("/bin/true", argv, bad_text));
  SAY_ERRNO(execve("/bin/true", argv, long_variable));
  SAY_ERRNO(execve("none", argv, bad));
  SAY_ERRNO(execve("none", argv, NULL));
  SAY_ERRNO(execv("none", argv));
  SAY_ERRNO(execv("plain", argv));
  SAY_ERRNO(execvp("none_anywhere", argv));
  SAY_ERRNO(execvp("", argv));
  SAY_ERRNO(execvp("./plain", argv));
  SAY_ERRNO(execvpe("none_anywhere", argv, environment));
  SAY_ERRNO(execvpe("/bin/true", argv, bad));
  SAY_ERRNO(execl("none", "program", NULL));
  SAY_ERRNO(execl("plain", "program", "x", NULL));
  SAY_ERRNO(execlp("none_anywhere", "program", NULL));
  SAY_ERRNO(execle("none", "program", NULL, environment));
  SAY_ERRNO(execle("/bin/true", "program", "x", NULL, bad));
  SAY_ERRNO(fexecve(-1, argv, environment));
  SAY_ERRNO(fexecve(999, argv, environment));
  SAY_ERRNO(fexecve(0, NULL, environment));
  SAY_ERRNO(fexecve(0, argv, NULL));
  SAY_ERRNO(fexecve(open("plain", O_RDONLY), argv, environment));
  SAY_ERRNO(execveat(AT_FDCWD, "none", argv, environment, 0));
  SAY_ERRNO(execveat(999, "none", argv, environment, 0));
  SAY_ERRNO(execveat(AT_FDCWD, "/bin/true", argv, environment, 1 << 30));
  SAY_ERRNO(syscall(SYS_execve, "none", argv, environment));
  SAY_ERRNO(syscall(SYS_execve, "/bin/true", argv, bad));
  SAY_ERRNO(syscall(SYS_execveat, 999, "none", argv, environment, 0));
  SAY_NUMBER(has_environment(before, count));

  char** many = many_variables();
  execve("none", argv, many);
  const long kilobytes = kilobytes_of_memory();
  for (int i = 0; i < 500; i++) execve("none", argv, many);
  SAY_NUMBER(kilobytes_of_memory() - kilobytes < 10000);
}

static void await(const char* what, pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  printf("%s: %d\n", what, status);
}

static char* child_argv[] = {"child", "is child", NULL};

static int execute_child(void* unused) {
  (void)unused;
  execv(path, child_argv);
  _exit(1);
}

static void make_children(void) {
  char command[5000];
  char* stack = malloc(kStack);
  pid_t child = fork();
  if (child == 0) execute_child(NULL);
  await("fork", child);
  child = vfork();
  if (child == 0) execute_child(NULL);
  await("vfork", child);
  child = _Fork();
  if (child == 0) execute_child(NULL);
  await("_Fork", child);
  await("clone", clone(execute_child, stack + kStack, SIGCHLD, NULL));
  await("clone, sharing memory",
        clone(execute_child, stack + kStack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
  SAY(posix_spawn(&child, path, NULL, NULL, child_argv, environ));
  await("posix_spawn", child);
  SAY(posix_spawnp(&child, path, NULL, NULL, child_argv, environ));
  await("posix_spawnp", child);
  snprintf(command, sizeof command, "exec '%s' 'is child'", path);
  SAY_ERRNO(system(command));
  SAY_ERRNO(pclose(popen(command, "r")));
  free(stack);
}

int main(int argc, char** argv) {
  if (argc == 1) alarm(40); /* exec keeps it */
  path[readlink("/proc/self/exe", path, sizeof path - 1)] = 0;
  file = strrchr(path, '/') + 1;
  memcpy(folder, path, (size_t)(file - path));
  make_environment();
  setvbuf(stdout, NULL, _IOLBF, 0);
  const char* what = argc > 1 ? argv[argc - 1] : "0";
  if (strcmp(what, "is child") == 0) {
    say_objects("child");
  } else if (strcmp(what, "children") == 0) {
    make_children();
  } else if (strcmp(what, "failures") == 0) {
    say_failures();
  } else {
    if (argc > 1) {
      say_program(argc, argv);
      say_objects(environ[0] != NULL ? "step" : "bare");
    }
    if (take_step(atoi(what)) != 0) return 1;
  }
  return 0;
}

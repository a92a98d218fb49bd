/* fork in a thread while other threads block: the child has one thread, can do I/O, sleep and make
 * threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];
static int finished;

static void* blocks(void* unused) {
  char byte = 0;
  if (read(pair[0], &byte, 1) == 1) __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
  return unused;
}

static void* says(void* text) {
  usleep(2000);
  puts(text);
  return NULL;
}

static int child(int down, int up) {
  char text[16] = "";
  pthread_t thread;
  alarm(20);
  usleep(2000);
  if (read(down, text, sizeof text - 1) <= 0) return 2;
  pthread_create(&thread, NULL, says, "thread of the child");
  pthread_join(thread, NULL);
  printf("child was told: %s\n", text);
  fflush(stdout);
  if (write(up, "done", 4) != 4) return 3;
  return 5;
}

static void* forks(void* unused) {
  int down[2];
  int up[2];
  int status = 0;
  char answer[8] = "";
  if (pipe(down) != 0 || pipe(up) != 0) return unused;
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) exit(child(down[0], up[1]));
  if (write(down[1], "hello", 5) != 5 || read(up[0], answer, 4) != 4) puts("pipes failed");
  if (waitpid(pid, &status, 0) != pid) puts("waitpid failed");
  printf("child answered %s and exited with %d\n", answer,
         WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return unused;
}

int main(void) {
  pthread_t blocked[5];
  pthread_t forking;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
  for (int i = 0; i < 5; ++i) pthread_create(&blocked[i], NULL, blocks, NULL);
  usleep(5000);
  pthread_create(&forking, NULL, forks, NULL);
  pthread_join(forking, NULL);
  printf("before: %d finished\n", finished);
  if (write(pair[1], "12345", 5) != 5) return 1;
  for (int i = 0; i < 5; ++i) pthread_join(blocked[i], NULL);
  printf("after: %d finished\n", finished);
  return 0;
}

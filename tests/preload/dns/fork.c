/* Names are looked up in children that a thread forks: by the child's only thread, and by one that
 * it makes. With an argument other threads are in lookups of their own meanwhile; natively that
 * fails: a new thread of the child may take over the socket of one that the fork left behind. In
 * the world of world.sh. */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kRounds = 20 };
static int wrong;

static const char* address_of(const char* name) {
  static _Thread_local char text[INET_ADDRSTRLEN];
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo* list = NULL;
  int error = getaddrinfo(name, NULL, &hints, &list);
  if (error != 0) return gai_strerror(error);
  inet_ntop(AF_INET, &((struct sockaddr_in*)list->ai_addr)->sin_addr, text, sizeof text);
  freeaddrinfo(list);
  return text;
}

static void expect(const char* what, const char* got, const char* expected) {
  printf("%s: %s\n", what, got);
  if (strcmp(got, expected) != 0) wrong++;
}

static void* look(void* nothing) {
  expect("in a thread", address_of("crowd7.test"), "10.9.0.8");
  return nothing;
}

static void* look_slowly(void* stop) {
  while (!__atomic_load_n((int*)stop, __ATOMIC_RELAXED)) address_of("slow.test");
  return NULL;
}

static void in_child(void) {
  pthread_t thread;
  expect("in the child", address_of("four.test"), "10.9.0.7");
  pthread_create(&thread, NULL, look, NULL);
  pthread_join(thread, NULL);
  const struct hostent* host = gethostbyname("alias.test");
  expect("by its old function", host != NULL ? host->h_name : "nothing", "alias-end.test");
}

static void* fork_often(void* nothing) {
  for (int i = 0; i < kRounds; i++) {
    expect("in the parent", address_of("four.test"), "10.9.0.7");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      in_child();
      fflush(stdout);
      _exit(wrong);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("it ended with status %x\n", status);
    if (status != 0) wrong++;
  }
  return nothing;
}

int main(int argc, char** argv) {
  (void)argv;
  enum { kSlow = 3 };
  pthread_t slow[kSlow];
  pthread_t forking;
  int stop = argc == 1;
  for (int i = 0; i < kSlow; i++) pthread_create(&slow[i], NULL, look_slowly, &stop);
  pthread_create(&forking, NULL, fork_often, NULL);
  pthread_join(forking, NULL);
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < kSlow; i++) pthread_join(slow[i], NULL);
  printf("%d wrong\n", wrong);
  return wrong != 0;
}

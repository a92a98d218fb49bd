/* What a signal and a cancellation do to a thread that waits for a name server, and what is left
 * behind. In the world of world.sh: `slow` answers after 100 ms, `silent` never. */
#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int handled;
static void on_signal(int number) {
  (void)number;
  __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
}

static int descriptors(void) {
  int count = 0;
  DIR* all = opendir("/proc/self/fd");
  while (readdir(all) != NULL) count++;
  closedir(all);
  return count;
}

static void* look(void* name) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo* list = NULL;
  int error = getaddrinfo(name, NULL, &hints, &list);
  printf("%s: %s\n", (char*)name, error == 0 ? "found" : gai_strerror(error));
  if (error == 0) freeaddrinfo(list);
  return NULL;
}

static void* look_by_address(void* nothing) {
  char host[NI_MAXHOST] = "";
  struct sockaddr_in four = {.sin_family = AF_INET};
  four.sin_addr.s_addr = htonl(0x0a090007);
  int error =
      getnameinfo((struct sockaddr*)&four, sizeof four, host, sizeof host, NULL, 0, NI_NAMEREQD);
  printf("10.9.0.7: %s %s\n", host, error == 0 ? "" : gai_strerror(error));
  return nothing;
}

/* Waits until the thread has a socket more than there were: it asks. */
static void until_it_asks(int before) {
  while (descriptors() <= before) usleep(1000);
}

int main(void) {
  pthread_t thread;
  void* result = NULL;
  pthread_create(&thread, NULL, look, "four.test");
  pthread_join(thread, NULL);
  int before = descriptors();
  for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
    handled = 0;
    pthread_create(&thread, NULL, look, "slow.test");
    until_it_asks(before);
    for (int i = 0; i < 5; i++) {
      pthread_kill(thread, SIGUSR1);
      usleep(5000);
    }
    pthread_join(thread, NULL);
    printf("handlers ran: %d\n", handled > 0); /* signals of a kind may be one */
  }
  for (int i = 0; i < 10; i++) {
    pthread_create(&thread, NULL, look, "silent.test");
    until_it_asks(before);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled: %d\n", result == PTHREAD_CANCELED);
  }
  printf("descriptors more than before: %d\n", descriptors() - before);
  pthread_create(&thread, NULL, look, "both.test");
  pthread_join(thread, NULL);
  pthread_create(&thread, NULL, look_by_address, NULL);
  pthread_join(thread, NULL);
  return 0;
}

/* Many threads each look up a name of their own, which the name server of world.sh takes 100 ms to
 * answer: all at the same time, and, where it is asked for, on no more kernel threads than before.
 *
 *   crowd THREADS SECONDS [KERNEL_THREADS_MORE] */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kMost = 2000 };
static pthread_barrier_t all_there;
static pthread_barrier_t all_done;
static int wrong;

static void* ask(void* number) {
  long n = (long)number;
  char name[32];
  char expected[32];
  char got[INET_ADDRSTRLEN] = "nothing";
  snprintf(name, sizeof name, "crowd%ld.test", n);
  snprintf(expected, sizeof expected, "10.9.%ld.%ld", n / 250, n % 250 + 1);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo* list = NULL;
  pthread_barrier_wait(&all_there);
  int error = getaddrinfo(name, NULL, &hints, &list);
  if (error == 0)
    inet_ntop(AF_INET, &((struct sockaddr_in*)list->ai_addr)->sin_addr, got, sizeof got);
  if (error != 0 || list->ai_next != NULL || strcmp(got, expected) != 0) {
    printf("%s: %s, %s\n", name, got, gai_strerror(error));
    __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
  }
  if (error == 0) freeaddrinfo(list);
  pthread_barrier_wait(&all_done);
  return NULL;
}

static int kernel_threads(void) {
  char line[256];
  int count = -1;
  FILE* status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL)
    if (sscanf(line, "Threads: %d", &count) == 1) break;
  if (status != NULL) fclose(status);
  return count;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char** argv) {
  static pthread_t all[kMost];
  int threads = argc > 2 ? atoi(argv[1]) : 0;
  if (threads < 1 || threads > kMost) return 2;
  pthread_barrier_init(&all_there, NULL, (unsigned)threads + 1);
  pthread_barrier_init(&all_done, NULL, (unsigned)threads + 1);
  for (long i = 0; i < threads; i++) pthread_create(&all[i], NULL, ask, (void*)i);
  int before = kernel_threads();
  int most = 0;
  double begin = now();
  pthread_barrier_wait(&all_there);
  for (int i = 0; i < 5; i++) { /* while they wait for their answers */
    usleep(20000);
    int count = kernel_threads();
    if (count > most) most = count;
  }
  pthread_barrier_wait(&all_done);
  double took = now() - begin;
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  printf("%d threads: %.3f s, kernel threads %d before, at most %d meanwhile; %d wrong\n", threads,
         took, before, most, wrong);
  if (took > atof(argv[2])) return 1;
  if (argc > 3 && most > before + atoi(argv[3])) return 1;
  return wrong != 0;
}

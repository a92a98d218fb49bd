/* sleeping_queries.h: a hundred threads with a connection each ask a server to sleep for a second,
 * all at the same time, through a client library that knows nothing of it: it takes one second. */
#ifndef WEFT_TESTS_ISSUES_SLEEPING_QUERIES_H
#define WEFT_TESTS_ISSUES_SLEEPING_QUERIES_H
#include "check.h"

enum { kConnections = 100 };

/* To be defined by the program. */
void* connect_to_server(void);
void query_that_sleeps(void* connection);
void disconnect(void* connection);

static pthread_barrier_t connected;
static pthread_barrier_t answered;

static inline void* sleeps_in_server(void* unused) {
  void* const connection = connect_to_server();
  pthread_barrier_wait(&connected);
  query_that_sleeps(connection);
  pthread_barrier_wait(&answered);
  disconnect(connection);
  return unused;
}

static inline long kernel_threads(void) {
  FILE* const status = fopen("/proc/self/status", "r");
  char line[256];
  long threads = 0;
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "Threads: %ld", &threads);
  fclose(status);
  return threads;
}

static inline void sleep_in_server(void) {
  pthread_t threads[kConnections];
  alarm(30);
  pthread_barrier_init(&connected, NULL, kConnections + 1);
  pthread_barrier_init(&answered, NULL, kConnections + 1);
  for (int i = 0; i < kConnections; i++) threads[i] = start(sleeps_in_server, NULL);
  pthread_barrier_wait(&connected);
  const double begin = seconds_now();
  nap_ms(500);
  printf("kernel threads: %ld\n", kernel_threads());
  pthread_barrier_wait(&answered);
  const double took = seconds_now() - begin;
  for (int i = 0; i < kConnections; i++) join(threads[i]);
  fprintf(stderr, "%d queries of a second took %.2f s\n", kConnections, took);
  CHECK(took >= 1 && took < 2);
}

#endif

/* No wait calls the program's allocator, which may hold locks that are replaced, too. This
 * program's counts its calls, and holds a mutex in each, for which others wait. */
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>

#include "check.h"

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void __libc_free(void* memory);

static pthread_mutex_t allocator = PTHREAD_MUTEX_INITIALIZER;
static __thread long calls;
static __thread int inside;

#define LOCKED(call)                                     \
  do {                                                   \
    calls++;                                             \
    if (inside++ == 0) pthread_mutex_lock(&allocator);   \
    call;                                                \
    if (--inside == 0) pthread_mutex_unlock(&allocator); \
  } while (0)

void* malloc(size_t size) {
  void* memory;
  LOCKED(memory = __libc_malloc(size));
  return memory;
}
void* calloc(size_t count, size_t size) {
  void* memory;
  LOCKED(memory = __libc_calloc(count, size));
  return memory;
}
void* realloc(void* old, size_t size) {
  void* memory;
  LOCKED(memory = __libc_realloc(old, size));
  return memory;
}
void free(void* memory) { LOCKED(__libc_free(memory)); }

static int pair[2];
static int watcher;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;

static void wait_read(void) {
  char byte;
  CHECK(read(pair[0], &byte, 1) == 1);
}
static void wait_poll(void) {
  struct pollfd look[3] = {{pair[0], POLLIN, 0}, {watcher, POLLIN, 0}, {-1, 0, 0}};
  CHECK(poll(look, 3, 20000) > 0);
  wait_read();
}
static void wait_select(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(pair[0], &set);
  CHECK(select(pair[0] + 1, &set, NULL, NULL, NULL) == 1);
  wait_read();
}
static void wait_epoll(void) {
  struct epoll_event event;
  CHECK(epoll_wait(watcher, &event, 1, 20000) == 1);
  wait_read();
}
static void wait_mutex(void) {
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
}
static void wait_condition(void) {
  pthread_mutex_lock(&mutex);
  CHECK(pthread_cond_wait(&condition, &mutex) == 0);
  pthread_mutex_unlock(&mutex);
}
static void wait_rwlock(void) {
  CHECK(pthread_rwlock_rdlock(&rwlock) == 0);
  CHECK(pthread_rwlock_unlock(&rwlock) == 0);
}
static void wait_semaphore(void) { CHECK(sem_wait(&semaphore) == 0); }
static void wait_barrier(void) { pthread_barrier_wait(&barrier); }
static void wait_time(void) { nap_ms(20); }

/* What holds each wait up, and what ends it: done by the main thread. */
static void nothing(void) {}
static void send_byte(void) { CHECK(write(pair[1], "x", 1) == 1); }
static void hold_mutex(void) { pthread_mutex_lock(&mutex); }
static void release_mutex(void) { pthread_mutex_unlock(&mutex); }
static void signal_condition(void) {
  pthread_mutex_lock(&mutex);
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
}
static void hold_rwlock(void) { CHECK(pthread_rwlock_wrlock(&rwlock) == 0); }
static void release_rwlock(void) { CHECK(pthread_rwlock_unlock(&rwlock) == 0); }
static void post(void) { CHECK(sem_post(&semaphore) == 0); }

static const struct Wait {
  const char* name;
  void (*wait)(void);
  void (*before)(void);
  void (*end)(void);
} waits[] = {
    {"read", wait_read, nothing, send_byte},
    {"poll", wait_poll, nothing, send_byte},
    {"select", wait_select, nothing, send_byte},
    {"epoll_wait", wait_epoll, nothing, send_byte},
    {"mutex", wait_mutex, hold_mutex, release_mutex},
    {"condition", wait_condition, nothing, signal_condition},
    {"rwlock", wait_rwlock, hold_rwlock, release_rwlock},
    {"semaphore", wait_semaphore, nothing, post},
    {"barrier", wait_barrier, nothing, wait_barrier},
    {"nanosleep", wait_time, nothing, nothing},
};

static void* does_wait(void* argument) {
  const struct Wait* const wait = argument;
  const long before = calls;
  wait->wait();
  if (calls != before) fprintf(stderr, "%s has called the allocator\n", wait->name);
  CHECK(calls == before);
  return NULL;
}

int main(void) {
  struct epoll_event event = {.events = EPOLLIN};
  alarm(30);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  CHECK((watcher = epoll_create1(0)) >= 0);
  CHECK(epoll_ctl(watcher, EPOLL_CTL_ADD, pair[0], &event) == 0);
  CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
  CHECK(sem_init(&semaphore, 0, 0) == 0);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
    waits[i].before();
    const pthread_t waiter = start(does_wait, (void*)&waits[i]);
    nap_ms(20); /* long enough for it to wait; if it does not, it is right as well */
    const long before = calls;
    waits[i].end();
    CHECK(calls == before);
    join(waiter);
  }
  return 0;
}

/* foreign_threads.c: threads that libc or the program makes without pthread_create share locks with
 * the others: timers and asynchronous I/O with SIGEV_THREAD, and a bare clone(2). */
#include <aio.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"

enum { kRounds = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t ping;
static sem_t pong;
static sem_t done;
static int turn;
static int event_value;
static long total;
static long both;

/* Each side has its turn kRounds times, through each kind of lock; `me` is 0 or 1. */
static void exchange(int me) {
  for (int i = 0; i < kRounds; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != me) pthread_cond_wait(&condition, &mutex);
    total++;
    turn = !me;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
  }
  for (int i = 0; i < kRounds; i++) {
    sem_wait(me == 0 ? &ping : &pong);
    total++;
    sem_post(me == 0 ? &pong : &ping);
  }
  for (int i = 0; i < kRounds; i++) pthread_barrier_wait(&barrier);
  for (int i = 0; i < kRounds; i++) {
    pthread_rwlock_wrlock(&rwlock);
    both++;
    pthread_rwlock_unlock(&rwlock);
    pthread_mutex_lock(&recursive);
    pthread_mutex_lock(&recursive);
    total++;
    pthread_mutex_unlock(&recursive);
    pthread_mutex_unlock(&recursive);
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
  }
  pthread_barrier_wait(&barrier);
}

static void reset(void) {
  sem_init(&ping, 0, 1);
  sem_init(&pong, 0, 0);
  turn = 0;
  total = 0;
  both = 0;
}

static void say_totals(void) {
  SAY_NUMBER(total);
  SAY_NUMBER(both);
}

static void* exchanges(void* unused) {
  exchange(0);
  return unused;
}

/* The other side runs in a thread of the program, and this thread waits for it. */
static void meet(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, exchanges, NULL) != 0) abort();
  pthread_join(thread, NULL);
  say_totals();
}

static void on_event(union sigval value) {
  exchange(1);
  event_value = value.sival_int;
  sem_post(&done);
}

static struct sigevent by_thread(int number) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD};
  event.sigev_value.sival_int = number;
  event.sigev_notify_function = on_event;
  return event;
}

static void with_timer(void) {
  timer_t timer;
  struct sigevent event = by_thread(11);
  const struct itimerspec soon = {.it_value = {0, 1000000}};
  reset();
  SAY_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer));
  SAY_ERRNO(timer_settime(timer, 0, &soon, NULL));
  meet();
  SAY_ERRNO(sem_wait(&done));
  SAY_NUMBER(event_value);
  SAY_ERRNO(timer_delete(timer));
}

static void count_up(union sigval value) { sem_post(value.sival_ptr); }

static void with_periodic_timer(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_THREAD};
  const struct itimerspec often = {{0, 2000000}, {0, 2000000}};
  event.sigev_value.sival_ptr = &ping;
  event.sigev_notify_function = count_up;
  sem_init(&ping, 0, 0);
  SAY_ERRNO(timer_create(CLOCK_REALTIME, &event, &timer));
  SAY_ERRNO(timer_settime(timer, 0, &often, NULL));
  for (int i = 0; i < 50; i++) sem_wait(&ping);
  SAY_ERRNO(timer_delete(timer));
}

static void with_aio(void) {
  static char text[] = "some bytes";
  char read_back[16] = "";
  char name[] = "/tmp/weft_aio_XXXXXX";
  struct aiocb block = {.aio_buf = text, .aio_nbytes = sizeof text};
  const struct aiocb* const list[] = {&block};
  block.aio_fildes = mkstemp(name);
  unlink(name);
  block.aio_sigevent = by_thread(22);
  reset();
  SAY_ERRNO(aio_write(&block));
  meet();
  SAY_ERRNO(sem_wait(&done));
  SAY_NUMBER(event_value);
  SAY(aio_error(&block));
  SAY_NUMBER(aio_return(&block) == sizeof text);
  block.aio_sigevent.sigev_notify = SIGEV_NONE;
  block.aio_buf = read_back;
  SAY_ERRNO(aio_read(&block));
  SAY_ERRNO(aio_suspend(list, 1, NULL));
  SAY(aio_error(&block));
  SAY_NUMBER(aio_return(&block));
  puts(read_back);
  close(block.aio_fildes);
}

/* aio_suspend of a read that no data arrives for, then does. */
static void* writes_late(void* file) {
  usleep(20000);
  (void)!write(*(int*)file, "x", 1);
  return NULL;
}

static void with_aio_of_pipe(void) {
  pthread_t thread;
  int ends[2];
  char byte = 0;
  struct aiocb block = {.aio_buf = &byte, .aio_nbytes = 1};
  const struct aiocb* const list[] = {&block};
  const struct timespec short_time = {0, 10000000};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
  block.aio_fildes = ends[0];
  block.aio_sigevent.sigev_notify = SIGEV_NONE;
  SAY_ERRNO(aio_read(&block));
  SAY(aio_error(&block));
  SAY_ERRNO(aio_suspend(list, 1, &short_time));
  if (pthread_create(&thread, NULL, writes_late, &ends[1]) != 0) abort();
  SAY_ERRNO(aio_suspend(list, 1, NULL));
  SAY_NUMBER(aio_return(&block));
  SAY_NUMBER(byte == 'x');
  pthread_join(thread, NULL);
}

static void with_name_lookup(void) {
  static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
  struct gaicb request = {.ar_name = "127.0.0.1", .ar_request = &numeric};
  struct gaicb* const list[] = {&request};
  struct sigevent event = by_thread(33);
  reset();
  SAY_NUMBER(getaddrinfo_a(GAI_NOWAIT, (struct gaicb**)(void*)list, 1, &event));
  meet();
  SAY_ERRNO(sem_wait(&done));
  SAY_NUMBER(event_value);
  SAY_NUMBER(gai_error(&request));
  SAY_NUMBER(request.ar_result != NULL);
  freeaddrinfo(request.ar_result);
}

/* A thread without libc's help: its block comes from the loader, as pthread_create's does. */
static int runs_bare(void* unused) {
  (void)unused;
  exchange(1);
  sem_post(&done);
  syscall(SYS_exit, 0);
  return 0;
}

struct tcb_head { /* the part of libc's thread block that the processor's ABI fixes */
  void* self;
  void* dtv;
  void* thread;
  int multiple_threads;
  int gscope;
  unsigned long sysinfo;
  unsigned long stack_guard;
  unsigned long pointer_guard;
};

static void with_clone(void) {
  void* (*allocate)(void*) = NULL;
  void* const symbol = dlsym(RTLD_DEFAULT, "_dl_allocate_tls");
  struct tcb_head* block;
  const struct tcb_head* const mine = (struct tcb_head*)pthread_self();
  const size_t size = 1 << 20;
  char* const stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(&allocate, &symbol, sizeof allocate);
  SAY_NUMBER(symbol != NULL);
  if (symbol == NULL) return;
  block = allocate(stack + 65536); /* room for static TLS below, and for libc's block above */
  block->self = block;
  block->thread = block;
  block->stack_guard = mine->stack_guard;
  block->pointer_guard = mine->pointer_guard;
  block->multiple_threads = 1;
  reset();
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                    CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID;
  int* const tid = (int*)(void*)((char*)block + 720); /* where libc keeps the number */
  SAY_NUMBER(clone(runs_bare, stack + size, flags, NULL, tid, block) > 0);
  meet();
  SAY_ERRNO(sem_wait(&done));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(30);
  sem_init(&done, 0, 0);
  pthread_barrier_init(&barrier, NULL, 2);
  with_timer();
  with_periodic_timer();
  with_aio();
  with_aio_of_pipe();
  with_name_lookup();
  with_clone();
  return 0;
}

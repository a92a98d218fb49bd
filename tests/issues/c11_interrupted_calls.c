/* What each blocking call returns when handlers run meanwhile, with SA_RESTART and without: each is
 * called in a thread of its own, which gets five signals, and then what it waits for. */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "../preload/threads/say.h"
#include "check.h"

/* What a call works on: a socket pair and a pipe without data, and a full pipe. */
struct objects {
  int ends[2];
  int pipe[2];
  int full[2];
  int listener;
  struct sockaddr_in address;
  int event;
  int epoll;
  sem_t semaphore;
  pid_t child;
  int gate[2];
  pthread_mutex_t mutex;
  char byte;
};

typedef long call(struct objects*);

static long in_read_pipe(struct objects* o) { return read(o->pipe[0], &o->byte, 1); }
static long in_read_socket(struct objects* o) { return read(o->ends[0], &o->byte, 1); }
static long in_readv(struct objects* o) {
  const struct iovec piece = {&o->byte, 1};
  return readv(o->pipe[0], &piece, 1);
}
static long in_recv(struct objects* o) { return recv(o->ends[0], &o->byte, 1, 0); }
static long in_recvfrom(struct objects* o) {
  return recvfrom(o->ends[0], &o->byte, 1, 0, NULL, NULL);
}
static long in_recvmsg(struct objects* o) {
  struct iovec piece = {&o->byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  return recvmsg(o->ends[0], &message, 0);
}
static long in_recv_with_timeout(struct objects* o) {
  const struct timeval long_time = {5, 0};
  CHECK(setsockopt(o->ends[0], SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof long_time) == 0);
  return recv(o->ends[0], &o->byte, 1, 0);
}
static long in_accept(struct objects* o) { return accept(o->listener, NULL, NULL) >= 0; }
static long in_accept4(struct objects* o) {
  return accept4(o->listener, NULL, NULL, SOCK_CLOEXEC) >= 0;
}
static long in_write_pipe(struct objects* o) { return write(o->full[1], &o->byte, 1); }
static long in_eventfd(struct objects* o) {
  eventfd_t value;
  return eventfd_read(o->event, &value);
}
static long in_poll(struct objects* o) {
  struct pollfd entry = {.fd = o->pipe[0], .events = POLLIN};
  return poll(&entry, 1, 5000);
}
static long in_ppoll(struct objects* o) {
  struct pollfd entry = {.fd = o->pipe[0], .events = POLLIN};
  return ppoll(&entry, 1, NULL, NULL);
}
static long in_select(struct objects* o) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(o->pipe[0], &set);
  return select(o->pipe[0] + 1, &set, NULL, NULL, NULL);
}
static long in_pselect(struct objects* o) {
  const struct timespec long_time = {5, 0};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(o->pipe[0], &set);
  return pselect(o->pipe[0] + 1, &set, NULL, NULL, &long_time, NULL);
}
static long in_epoll_wait(struct objects* o) {
  struct epoll_event event;
  return epoll_wait(o->epoll, &event, 1, -1);
}
static long in_epoll_pwait(struct objects* o) {
  struct epoll_event event;
  return epoll_pwait(o->epoll, &event, 1, 5000, NULL);
}
static long in_sleep(struct objects* o) {
  (void)o;
  return sleep(5) > 0;
}
static long in_usleep(struct objects* o) {
  (void)o;
  return usleep(900000);
}
static long in_nanosleep(struct objects* o) {
  const struct timespec length = {5, 0};
  (void)o;
  return nanosleep(&length, NULL);
}
static long in_clock_nanosleep(struct objects* o) {
  const struct timespec length = {5, 0};
  (void)o;
  errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
  return errno == 0 ? 0 : -1;
}
static long in_pause(struct objects* o) {
  (void)o;
  return pause();
}
static long in_sigsuspend(struct objects* o) {
  sigset_t none;
  (void)o;
  sigemptyset(&none);
  return sigsuspend(&none);
}
static long in_sigtimedwait(struct objects* o) {
  const struct timespec length = {5, 0};
  sigset_t hangup;
  (void)o;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  return sigtimedwait(&hangup, NULL, &length);
}
static long in_sem_wait(struct objects* o) { return sem_wait(&o->semaphore); }
static long in_sem_timedwait(struct objects* o) {
  struct timespec moment = in_ms(CLOCK_REALTIME, 5000);
  return sem_timedwait(&o->semaphore, &moment);
}
static long in_waitpid(struct objects* o) {
  return waitpid(o->child, NULL, 0) == o->child ? 1 : -1;
}
static long in_waitid(struct objects* o) { return waitid(P_PID, (id_t)o->child, NULL, WEXITED); }
static long in_mutex(struct objects* o) {
  errno = pthread_mutex_lock(&o->mutex);
  return errno;
}
static long in_message_queue(struct objects* o) {
  struct {
    long type;
    char text[1];
  } message;
  const int queue = msgget(IPC_PRIVATE, 0600);
  (void)o;
  const long got = msgrcv(queue, &message, 1, 0, 0);
  const int error = errno;
  msgctl(queue, IPC_RMID, NULL);
  errno = error;
  return got;
}
static long in_semop(struct objects* o) {
  struct sembuf take = {0, -1, 0};
  const int set = semget(IPC_PRIVATE, 1, 0600);
  (void)o;
  const long got = semop(set, &take, 1);
  const int error = errno;
  semctl(set, 0, IPC_RMID);
  errno = error;
  return got;
}

static const struct {
  const char* name;
  call* call;
} kCalls[] = {
    {"read of a pipe", in_read_pipe},
    {"read of a socket", in_read_socket},
    {"readv", in_readv},
    {"recv", in_recv},
    {"recvfrom", in_recvfrom},
    {"recvmsg", in_recvmsg},
    {"recv, SO_RCVTIMEO", in_recv_with_timeout},
    {"accept", in_accept},
    {"accept4", in_accept4},
    {"write of a pipe", in_write_pipe},
    {"eventfd_read", in_eventfd},
    {"poll", in_poll},
    {"ppoll", in_ppoll},
    {"select", in_select},
    {"pselect", in_pselect},
    {"epoll_wait", in_epoll_wait},
    {"epoll_pwait", in_epoll_pwait},
    {"sleep", in_sleep},
    {"usleep", in_usleep},
    {"nanosleep", in_nanosleep},
    {"clock_nanosleep", in_clock_nanosleep},
    {"pause", in_pause},
    {"sigsuspend", in_sigsuspend},
    {"sigtimedwait", in_sigtimedwait},
    {"sem_wait", in_sem_wait},
    {"sem_timedwait", in_sem_timedwait},
    {"waitpid", in_waitpid},
    {"waitid", in_waitid},
    {"pthread_mutex_lock", in_mutex},
    {"msgrcv", in_message_queue},
    {"semop", in_semop},
};
enum { kCount = sizeof kCalls / sizeof kCalls[0], kSignals = 5 };

struct attempt {
  int which;
  struct objects objects;
  pthread_t thread;
  atomic_int entered;
  atomic_int done;
  long result;
  int error;
};

static void on_signal(int signal) { (void)signal; }

static void* attempts(void* argument) {
  struct attempt* a = argument;
  atomic_store(&a->entered, 1);
  errno = 0;
  a->result = kCalls[a->which].call(&a->objects);
  a->error = errno;
  atomic_store(&a->done, 1);
  return NULL;
}

static void prepare(struct objects* o) {
  struct epoll_event event = {.events = EPOLLIN};
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, o->ends) == 0);
  CHECK(pipe(o->pipe) == 0);
  CHECK(pipe(o->full) == 0);
  fcntl(o->full[1], F_SETFL, O_NONBLOCK);
  static char page[4096];
  while (write(o->full[1], page, sizeof page) > 0) continue;
  fcntl(o->full[1], F_SETFL, 0);
  o->listener = listen_at(&o->address);
  o->event = eventfd(0, 0);
  o->epoll = epoll_create1(0);
  CHECK(epoll_ctl(o->epoll, EPOLL_CTL_ADD, o->pipe[0], &event) == 0);
  sem_init(&o->semaphore, 0, 0);
  pthread_mutex_init(&o->mutex, NULL);
  pthread_mutex_lock(&o->mutex);
  CHECK(pipe(o->gate) == 0);
  o->child = fork();
  if (o->child == 0) {
    close(o->gate[1]);
    _exit(read(o->gate[0], &o->byte, 1) == 1 ? 0 : 1);
  }
}

/* Whatever the call waits for. */
static void satisfy(struct objects* o) {
  char page[4096];
  CHECK(write(o->ends[1], "x", 1) == 1);
  CHECK(write(o->pipe[1], "x", 1) == 1);
  CHECK(read(o->full[0], page, sizeof page) > 0);
  CHECK(eventfd_write(o->event, 1) == 0);
  CHECK(connect_to(&o->address) >= 0);
  sem_post(&o->semaphore);
  pthread_mutex_unlock(&o->mutex);
  CHECK(write(o->gate[1], "x", 1) == 1);
}

static void run_all(const char* name, int flags) {
  static struct attempt all[kCount];
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  memset(all, 0, sizeof all);
  for (int i = 0; i < kCount; i++) {
    all[i].which = i;
    prepare(&all[i].objects);
    all[i].thread = start(attempts, &all[i]);
  }
  for (int i = 0; i < kCount; i++)
    while (!atomic_load(&all[i].entered)) nap_ms(1);
  nap_ms(20);
  for (int k = 0; k < kSignals; k++) {
    for (int i = 0; i < kCount; i++)
      if (!atomic_load(&all[i].done)) CHECK(pthread_kill(all[i].thread, SIGUSR1) == 0);
    nap_ms(20);
  }
  for (int i = 0; i < kCount; i++) satisfy(&all[i].objects);
  printf("--- %s\n", name);
  for (int i = 0; i < kCount; i++) {
    join(all[i].thread);
    printf("%s: %ld, %s\n", kCalls[i].name, all[i].result,
           all[i].result == -1 ? error_name(all[i].error) : "no error");
    waitpid(all[i].objects.child, NULL, 0);
  }
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  run_all("without SA_RESTART", 0);
  run_all("with SA_RESTART", SA_RESTART);
  return 0;
}

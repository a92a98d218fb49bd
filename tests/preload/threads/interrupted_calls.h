/* interrupted_calls.h: the calls of interrupted_fuzz.c. Each returns what libc's returned, leaves
 * errno as it was left, and says in `got` what else came of it. */
#ifndef WEFT_TESTS_INTERRUPTED_CALLS_H
#define WEFT_TESTS_INTERRUPTED_CALLS_H
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <threads.h>

#include "interrupted_objects.h"

typedef long call_of(struct trial*);

enum { kMostKinds = 11 };
/* What bounds a call in time. */
enum bound { kUnbounded, kByArgument, kByOption /* of the socket */ };

struct call {
  const char* name;
  call_of* call;
  enum bound bound;
  bool must_be_bounded; /* there is no way to say "for ever" */
  const int* flags;     /* to choose from, ended by -1; null: none */
  const int* sizes;     /* the same */
  bool has_mask;        /* sets a mask while it waits */
  bool has_descriptor;  /* which may be non-blocking, or one of two */
  const struct kind* kinds[kMostKinds];
};

#define GOT(...)                                                                \
  do {                                                                          \
    const int got_errno = errno;                                                \
    const size_t got_length = strlen(t->got);                                   \
    snprintf(t->got + got_length, sizeof t->got - got_length, " " __VA_ARGS__); \
    errno = got_errno;                                                          \
  } while (0)

/* --- the bound, in the forms that calls take */

static inline struct timespec to_timespec(int64_t ns) {
  return (struct timespec){ns / 1000000000, ns % 1000000000};
}
static inline struct timespec* relative(const struct trial* t, struct timespec* room) {
  *room = to_timespec(timeout_ns(t));
  return t->timeout == kNever ? NULL : room;
}
static inline struct timespec* absolute(const struct trial* t, clockid_t clock,
                                        struct timespec* room) {
  clock_gettime(clock, room);
  *room = to_timespec((int64_t)room->tv_sec * 1000000000 + room->tv_nsec + timeout_ns(t));
  return t->timeout == kNever ? NULL : room;
}
static inline int in_milliseconds(const struct trial* t) {
  return t->timeout == kNever ? -1 : (int)(timeout_ns(t) / 1000000);
}
/* Says whether the time that a call says is left is what is left. */
static inline void say_left(struct trial* t, int64_t left) {
  const int64_t expected = timeout_ns(t) - (now_ns() - t->began);
  const int64_t wrong = left - (expected > 0 ? expected : 0);
  if (left == timeout_ns(t))
    GOT("left: all");
  else
    GOT("left: %s", wrong > 2 * t->unit    ? "too much"
                    : wrong < -2 * t->unit ? "too little"
                                           : "right");
}

static inline void say_bytes(struct trial* t, const char* bytes, long n) {
  char text[64];
  long length = 0;
  for (long i = 0; i < n && length < 40; i++)
    text[length++] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
  text[length] = 0;
  if (n >= 0) GOT("\"%s\"", text);
}

/* --- reading. The thread asks for `size` bytes; what is binary is said by its length alone. */

static inline bool is_text(const struct trial* t) {
  return t->kind != &kTimer && t->kind != &kWatch;
}
static inline size_t room_for(const struct trial* t) {
  if (t->kind == &kWatch) return sizeof(struct inotify_event);
  return t->kind == &kTimer || t->kind == &kEvent ? 8 : (size_t)t->size;
}
static inline long say_read(struct trial* t, const char* bytes, long got) {
  if (is_text(t)) say_bytes(t, bytes, got);
  return got;
}
static long in_read(struct trial* t) {
  char bytes[256] = "";
  return say_read(t, bytes, read(t->object.mine, bytes, room_for(t)));
}
static long in_readv(struct trial* t) {
  char bytes[256] = "";
  const size_t size = room_for(t);
  const struct iovec pieces[] = {{bytes, size / 2}, {bytes + size / 2, size - size / 2}};
  const bool is_whole = !is_text(t) || t->kind == &kEvent;
  const struct iovec whole = {bytes, size};
  return say_read(t, bytes,
                  is_whole ? readv(t->object.mine, &whole, 1) : readv(t->object.mine, pieces, 2));
}
static long in_recv(struct trial* t) {
  char bytes[256] = "";
  return say_read(t, bytes, recv(t->object.mine, bytes, room_for(t), t->flags));
}
static long in_recvfrom(struct trial* t) {
  char bytes[256] = "";
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  return say_read(
      t, bytes,
      recvfrom(t->object.mine, bytes, room_for(t), t->flags, (struct sockaddr*)&from, &size));
}
static long in_recvmsg(struct trial* t) {
  char bytes[256] = "";
  const size_t size = room_for(t);
  struct iovec pieces[] = {{bytes, size / 2}, {bytes + size / 2, size - size / 2}};
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
  const long got = recvmsg(t->object.mine, &message, t->flags);
  say_read(t, bytes, got < (long)size ? got : (long)size);
  if (got >= 0) GOT("flags %#x", (unsigned)message.msg_flags);
  return got;
}
static long in_recvmmsg(struct trial* t) {
  enum { kMessages_ = 3 };
  char bytes[kMessages_][16];
  struct iovec pieces[kMessages_];
  struct mmsghdr messages[kMessages_] = {0};
  struct timespec room;
  const size_t size = room_for(t);
  for (int i = 0; i < kMessages_; i++) {
    pieces[i] = (struct iovec){bytes[i], size};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  const long got = recvmmsg(t->object.mine, messages, kMessages_, t->flags, relative(t, &room));
  for (int i = 0; i < got; i++) say_bytes(t, bytes[i], messages[i].msg_len);
  return got;
}
static long in_fgetc(struct trial* t) {
  FILE* const file = fdopen(dup(t->object.mine), "r");
  errno = 0;
  const long got = fgetc(file);
  GOT("error %d, end %d", ferror(file) != 0, feof(file) != 0);
  const int error = errno;
  fclose(file);
  errno = error;
  return got;
}
static long in_fgets(struct trial* t) {
  char line[16] = "";
  FILE* const file = fdopen(dup(t->object.mine), "r");
  errno = 0;
  const bool got = fgets(line, t->size + 1, file) != NULL;
  GOT("\"%s\", error %d, end %d", got ? line : "", ferror(file) != 0, feof(file) != 0);
  const int error = errno;
  fclose(file);
  errno = error;
  return got ? (long)strlen(line) : -1;
}
static long in_fread(struct trial* t) {
  char bytes[16];
  FILE* const file = fdopen(dup(t->object.mine), "r");
  errno = 0;
  const long got = (long)fread(bytes, 1, (size_t)t->size, file);
  say_bytes(t, bytes, got);
  GOT("error %d, end %d", ferror(file) != 0, feof(file) != 0);
  const int error = errno;
  fclose(file);
  errno = error;
  return got;
}
static long in_splice(struct trial* t) {
  int sink[2];
  CHECK(pipe(sink) == 0);
  errno = 0;
  const long got = splice(t->object.mine, NULL, sink[1], NULL, (size_t)t->size, 0);
  const int error = errno;
  close(sink[0]);
  close(sink[1]);
  errno = error;
  return got;
}
static long in_eventfd_read(struct trial* t) {
  eventfd_t value;
  return eventfd_read(t->object.mine, &value);
}

/* --- writing. How much of a large one a socket takes depends on when it is drained. */

static char zeros[30000];

static inline long say_written(struct trial* t, long put) {
  if (put <= 0 || put == t->size || t->kind == &kFullPipe) return put;
  GOT("a part");
  return 1;
}
static inline size_t to_write(const struct trial* t) {
  return t->kind == &kFullEvent ? 8 : (size_t)t->size;
}
static const uint64_t kOne = 1;
static inline const void* written(const struct trial* t) {
  return t->kind == &kFullEvent ? (const void*)&kOne : zeros;
}
static long in_write(struct trial* t) {
  return say_written(t, write(t->object.mine, written(t), to_write(t)));
}
static long in_writev(struct trial* t) {
  const size_t size = to_write(t);
  const struct iovec whole = {(void*)written(t), size};
  const struct iovec pieces[] = {{zeros, size / 2}, {zeros, size - size / 2}};
  return say_written(t, t->kind == &kFullEvent ? writev(t->object.mine, &whole, 1)
                                               : writev(t->object.mine, pieces, 2));
}
static long in_send(struct trial* t) {
  return say_written(t, send(t->object.mine, zeros, to_write(t), t->flags));
}
static long in_sendto(struct trial* t) {
  return say_written(t, sendto(t->object.mine, zeros, to_write(t), t->flags, NULL, 0));
}
static long in_sendmsg(struct trial* t) {
  const size_t size = to_write(t);
  struct iovec pieces[] = {{zeros, size / 2}, {zeros, size - size / 2}};
  const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
  return say_written(t, sendmsg(t->object.mine, &message, t->flags));
}
static long in_sendmmsg(struct trial* t) {
  struct iovec piece = {zeros, to_write(t)};
  struct mmsghdr messages[2] = {0};
  for (int i = 0; i < 2; i++)
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1};
  const long put = sendmmsg(t->object.mine, messages, 2, t->flags);
  return put;
}
static long in_fflush(struct trial* t) {
  FILE* const file = fdopen(dup(t->object.mine), "w");
  fwrite(zeros, 1, (size_t)(t->size < 100 ? t->size : 100), file);
  errno = 0;
  const long result = fflush(file);
  const int error = errno;
  GOT("error %d", ferror(file) != 0);
  set_nonblocking(t->object.mine, true); /* fclose may have something to write */
  fclose(file);
  errno = error;
  return result;
}

/* --- connections */

static inline long say_accepted(struct trial* t, int fd) {
  (void)t;
  if (fd < 0) return -1;
  close(fd);
  return 1;
}
static long in_accept(struct trial* t) {
  return say_accepted(t, accept(t->object.mine, NULL, NULL));
}
static long in_accept4(struct trial* t) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  return say_accepted(
      t, accept4(t->object.mine, (struct sockaddr*)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
}
static long in_connect(struct trial* t) {
  struct sockaddr_un address;
  socklen_t size = sizeof address;
  CHECK(getsockname(t->object.mine, (struct sockaddr*)&address, &size) == 0);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (t->timeout == kShort || t->timeout == kLong) {
    const int64_t us = timeout_ns(t) / 1000;
    const struct timeval timeout = {us / 1000000, us % 1000000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0);
  }
  errno = 0;
  const long result = connect(fd, (struct sockaddr*)&address, size);
  const int error = errno;
  close(fd);
  errno = error;
  return result;
}

/* --- poll and its like, for reading or writing as the kind has it */

static inline bool is_for_writing(const struct trial* t) {
  return t->kind == &kFullPipe || t->kind == &kFullStream || t->kind == &kFullDatagram ||
         t->kind == &kFullSeqpacket || t->kind == &kFullEvent;
}

sigset_t* set_of(int bits, sigset_t* room); /* interrupted_fuzz.c */

/* Once the other side is gone, there may be room or not. */
static inline void say_bits(struct trial* t, unsigned bits) {
  GOT("events %#x", (bits & POLLHUP) != 0 ? bits & ~(unsigned)POLLOUT : bits);
}
static inline long say_polled(struct trial* t, const struct pollfd* entry, long found) {
  if (found > 0) say_bits(t, (unsigned)entry->revents);
  return found;
}
static inline struct pollfd entry_of(const struct trial* t) {
  return (struct pollfd){.fd = t->object.mine, .events = is_for_writing(t) ? POLLOUT : POLLIN};
}
static long in_poll(struct trial* t) {
  struct pollfd entry = entry_of(t);
  return say_polled(t, &entry, poll(&entry, 1, in_milliseconds(t)));
}
static long in_ppoll(struct trial* t) {
  struct pollfd entry = entry_of(t);
  struct timespec room;
  sigset_t mask;
  const long found = ppoll(&entry, 1, relative(t, &room), set_of(t->wait_mask, &mask));
  return say_polled(t, &entry, found);
}
static long in_select(struct trial* t) {
  const int64_t us = timeout_ns(t) / 1000;
  struct timeval timeout = {us / 1000000, us % 1000000};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(t->object.mine, &set);
  const long found =
      select(t->object.mine + 1, is_for_writing(t) ? NULL : &set, is_for_writing(t) ? &set : NULL,
             NULL, t->timeout == kNever ? NULL : &timeout);
  GOT("set %d", FD_ISSET(t->object.mine, &set) != 0);
  if (t->timeout != kNever) say_left(t, timeout.tv_sec * 1000000000 + timeout.tv_usec * 1000);
  return found;
}
static long in_pselect(struct trial* t) {
  struct timespec room;
  sigset_t mask;
  fd_set set;
  FD_ZERO(&set);
  FD_SET(t->object.mine, &set);
  const long found =
      pselect(t->object.mine + 1, is_for_writing(t) ? NULL : &set, is_for_writing(t) ? &set : NULL,
              NULL, relative(t, &room), set_of(t->wait_mask, &mask));
  GOT("set %d", FD_ISSET(t->object.mine, &set) != 0);
  return found;
}
static inline int make_epoll(const struct trial* t) {
  struct epoll_event event = {.events = is_for_writing(t) ? EPOLLOUT : EPOLLIN};
  const int epoll = epoll_create1(0);
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, t->object.mine, &event) == 0);
  errno = 0;
  return epoll;
}
static inline long say_events(struct trial* t, int epoll, const struct epoll_event* event,
                              long found) {
  if (found > 0) say_bits(t, event->events);
  const int error = errno;
  close(epoll);
  errno = error;
  return found;
}
static long in_epoll_wait(struct trial* t) {
  const int epoll = make_epoll(t);
  struct epoll_event event;
  return say_events(t, epoll, &event, epoll_wait(epoll, &event, 1, in_milliseconds(t)));
}
static long in_epoll_pwait(struct trial* t) {
  const int epoll = make_epoll(t);
  struct epoll_event event;
  sigset_t mask;
  return say_events(t, epoll, &event,
                    epoll_pwait(epoll, &event, 1, in_milliseconds(t), set_of(t->wait_mask, &mask)));
}
static long in_epoll_pwait2(struct trial* t) {
  const int epoll = make_epoll(t);
  struct epoll_event event;
  struct timespec room;
  sigset_t mask;
  return say_events(
      t, epoll, &event,
      epoll_pwait2(epoll, &event, 1, relative(t, &room), set_of(t->wait_mask, &mask)));
}

/* --- sleeps. Time that is left is written where a handler has ended them, and else left alone. */

static inline long say_slept(struct trial* t, const struct timespec* left, long result) {
  if (left->tv_sec < 0)
    GOT("left: not written");
  else
    say_left(t, (int64_t)left->tv_sec * 1000000000 + left->tv_nsec);
  return result;
}
static long failed_with(int error) {
  if (error != 0) errno = error;
  return error == 0 ? 0 : -1;
}
static long in_nanosleep(struct trial* t) {
  struct timespec room, left = {-1, 0};
  return say_slept(t, &left, nanosleep(relative(t, &room), &left));
}
static long in_thrd_sleep(struct trial* t) {
  struct timespec room, left = {-1, 0};
  return say_slept(t, &left, thrd_sleep(relative(t, &room), &left));
}
static long sleep_relative(struct trial* t, clockid_t clock) {
  struct timespec room, left = {-1, 0};
  return say_slept(t, &left, failed_with(clock_nanosleep(clock, 0, relative(t, &room), &left)));
}
static long sleep_absolute(struct trial* t, clockid_t clock) {
  struct timespec room, left = {-1, 0};
  const struct timespec* const until = absolute(t, clock, &room);
  return say_slept(t, &left, failed_with(clock_nanosleep(clock, TIMER_ABSTIME, until, &left)));
}
static long in_clock_nanosleep(struct trial* t) { return sleep_relative(t, CLOCK_MONOTONIC); }
static long in_clock_nanosleep_real(struct trial* t) { return sleep_relative(t, CLOCK_REALTIME); }
static long in_clock_nanosleep_until(struct trial* t) { return sleep_absolute(t, CLOCK_MONOTONIC); }
static long in_clock_nanosleep_until_real(struct trial* t) {
  return sleep_absolute(t, CLOCK_REALTIME);
}
static long in_usleep(struct trial* t) { return usleep((useconds_t)(timeout_ns(t) / 1000)); }
static long in_sleep(struct trial* t) {
  const unsigned left = sleep(t->timeout == kLong ? (unsigned)(timeout_ns(t) / 1000000000) : 0);
  const int64_t expected = 20 - (now_ns() - t->began) / 1000000000;
  if (left > 0) GOT("left: %s", llabs(left - expected) <= 1 ? "right" : "wrong");
  return left > 0;
}

/* --- locks, and what they are made of */

static inline long say_value(struct trial* t, long result) {
  int value = -1;
  sem_getvalue(&t->object.semaphore, &value);
  if (t->completed == 0) GOT("value %d", value); /* else it may have been posted again */
  return result;
}
static long in_sem_wait(struct trial* t) { return say_value(t, sem_wait(&t->object.semaphore)); }
static long in_sem_timedwait(struct trial* t) {
  struct timespec room;
  return say_value(t, sem_timedwait(&t->object.semaphore, absolute(t, CLOCK_REALTIME, &room)));
}
static long in_sem_clockwait(struct trial* t) {
  struct timespec room;
  return say_value(
      t, sem_clockwait(&t->object.semaphore, CLOCK_MONOTONIC, absolute(t, CLOCK_MONOTONIC, &room)));
}
static inline long unlock_if_taken(struct trial* t, int error) {
  if (error == 0) CHECK(pthread_mutex_unlock(&t->object.mutex) == 0);
  return failed_with(error);
}
static long in_mutex_lock(struct trial* t) {
  return unlock_if_taken(t, pthread_mutex_lock(&t->object.mutex));
}
static long in_mutex_timedlock(struct trial* t) {
  struct timespec room;
  return unlock_if_taken(
      t, pthread_mutex_timedlock(&t->object.mutex, absolute(t, CLOCK_REALTIME, &room)));
}
static long in_mutex_clocklock(struct trial* t) {
  struct timespec room;
  return unlock_if_taken(t, pthread_mutex_clocklock(&t->object.mutex, CLOCK_MONOTONIC,
                                                    absolute(t, CLOCK_MONOTONIC, &room)));
}
static inline long unlock_rwlock_if_taken(struct trial* t, int error) {
  if (error == 0) CHECK(pthread_rwlock_unlock(&t->object.rwlock) == 0);
  return failed_with(error);
}
static long in_rwlock_timedrdlock(struct trial* t) {
  struct timespec room;
  return unlock_rwlock_if_taken(
      t, pthread_rwlock_timedrdlock(&t->object.rwlock, absolute(t, CLOCK_REALTIME, &room)));
}
static long in_rwlock_clockwrlock(struct trial* t) {
  struct timespec room;
  return unlock_rwlock_if_taken(t, pthread_rwlock_clockwrlock(&t->object.rwlock, CLOCK_MONOTONIC,
                                                              absolute(t, CLOCK_MONOTONIC, &room)));
}
static long in_cond_wait(struct trial* t) {
  CHECK(pthread_mutex_lock(&t->object.mutex) == 0);
  const int error = pthread_cond_wait(&t->object.condition, &t->object.mutex);
  CHECK(pthread_mutex_unlock(&t->object.mutex) == 0);
  return failed_with(error);
}
static long in_cond_timedwait(struct trial* t) {
  struct timespec room;
  CHECK(pthread_mutex_lock(&t->object.mutex) == 0);
  const int error = pthread_cond_timedwait(&t->object.condition, &t->object.mutex,
                                           absolute(t, CLOCK_REALTIME, &room));
  CHECK(pthread_mutex_unlock(&t->object.mutex) == 0);
  return failed_with(error);
}
static long in_cond_clockwait(struct trial* t) {
  struct timespec room;
  CHECK(pthread_mutex_lock(&t->object.mutex) == 0);
  const int error = pthread_cond_clockwait(&t->object.condition, &t->object.mutex, CLOCK_MONOTONIC,
                                           absolute(t, CLOCK_MONOTONIC, &room));
  CHECK(pthread_mutex_unlock(&t->object.mutex) == 0);
  return failed_with(error);
}
static long in_futex_wait(struct trial* t) {
  struct timespec room;
  return raw_futex(t, FUTEX_WAIT, 0, relative(t, &room));
}
static long in_futex_wait_bitset(struct trial* t) {
  struct timespec room;
  return raw_futex(t, FUTEX_WAIT_BITSET, 0, absolute(t, CLOCK_MONOTONIC, &room));
}

/* --- signals */

static inline sigset_t* awaited(sigset_t* set) {
  sigemptyset(set);
  sigaddset(set, SIGRTMIN + 3);
  return set;
}
static inline long say_signal(struct trial* t, const siginfo_t* info, long signal) {
  if (signal < 0) return signal;
  GOT("code %d, by %s", info->si_code, info->si_pid == getpid() ? "itself" : "another");
  return signal - SIGRTMIN;
}
static long in_sigwait(struct trial* t) {
  sigset_t set;
  int signal = 0;
  const int error = sigwait(awaited(&set), &signal);
  if (error == 0) GOT("signal %d", signal - SIGRTMIN);
  return failed_with(error);
}
static long in_sigwaitinfo(struct trial* t) {
  siginfo_t info;
  sigset_t set;
  return say_signal(t, &info, sigwaitinfo(awaited(&set), &info));
}
static long in_sigtimedwait(struct trial* t) {
  struct timespec room;
  siginfo_t info;
  sigset_t set;
  return say_signal(t, &info, sigtimedwait(awaited(&set), &info, relative(t, &room)));
}
static long in_sigsuspend(struct trial* t) {
  sigset_t mask;
  sigemptyset(&mask);
  return sigsuspend(set_of(t->wait_mask < 0 ? 0 : t->wait_mask, &mask));
}
static long in_pause(struct trial* t) {
  (void)t;
  return pause();
}

/* --- children */

static inline long say_child(struct trial* t, long result, int status) {
  if (result > 0) {
    GOT("status %#x", (unsigned)status);
    if (WIFEXITED(status)) t->object.is_reaped = true;
  }
  return result > 0 ? 1 : result;
}
static long in_waitpid(struct trial* t) {
  int status = 0;
  const long result = waitpid(t->object.child, &status, t->flags);
  return say_child(t, result, status);
}
static long in_wait4(struct trial* t) {
  int status = 0;
  struct rusage usage;
  const long result = wait4(t->object.child, &status, t->flags, &usage);
  return say_child(t, result, status);
}
static long in_waitid(struct trial* t) {
  siginfo_t info = {0};
  const int flags = WEXITED | (t->flags == WUNTRACED ? WSTOPPED : t->flags);
  const long result = waitid(P_PID, (id_t)t->object.child, &info, flags);
  if (result == 0) GOT("code %d, status %d", info.si_code, info.si_status);
  if (result == 0 && info.si_code == CLD_EXITED) t->object.is_reaped = true;
  return result;
}

/* --- queues, semaphores of System V, locks of files, FIFOs */

static inline long say_message(struct trial* t, const char* message, long got, unsigned priority) {
  say_bytes(t, message, got);
  if (got >= 0) GOT("priority %u", priority);
  return got;
}
static long in_mq_receive(struct trial* t) {
  char message[kMessage];
  unsigned priority = 0;
  const long got = mq_receive(t->object.mine, message, sizeof message, &priority);
  return say_message(t, message, got, priority);
}
static long in_mq_timedreceive(struct trial* t) {
  char message[kMessage];
  unsigned priority = 0;
  struct timespec room;
  const long got = mq_timedreceive(t->object.mine, message, sizeof message, &priority,
                                   absolute(t, CLOCK_REALTIME, &room));
  return say_message(t, message, got, priority);
}
static long in_mq_send(struct trial* t) { return mq_send(t->object.mine, "abcdefgh", kMessage, 2); }
static long in_mq_timedsend(struct trial* t) {
  struct timespec room;
  return mq_timedsend(t->object.mine, "abcdefgh", kMessage, 2, absolute(t, CLOCK_REALTIME, &room));
}
static long in_msgrcv(struct trial* t) {
  struct message message;
  const long got = msgrcv(t->object.id, &message, kMessage, 0, t->flags);
  say_bytes(t, message.text, got > 0 ? got - 1 : got);
  return got;
}
static long in_msgsnd(struct trial* t) {
  const struct message message = {1, "abcdefg"};
  return msgsnd(t->object.id, &message, kMessage, t->flags);
}
static long in_semop(struct trial* t) {
  struct sembuf take = {0, -2, (short)t->flags};
  return semop(t->object.id, &take, 1);
}
static long in_semtimedop(struct trial* t) {
  struct sembuf take = {0, -2, (short)t->flags};
  struct timespec room;
  return semtimedop(t->object.id, &take, 1, relative(t, &room));
}
static long in_flock(struct trial* t) {
  return flock(t->object.mine, t->flags | (t->size == 1 ? LOCK_SH : LOCK_EX));
}
static long lock_range(struct trial* t, int command) {
  struct flock lock = {.l_type = t->size == 1 ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(t->object.mine, command, &lock);
}
static long in_setlkw(struct trial* t) { return lock_range(t, F_SETLKW); }
static long in_ofd_setlkw(struct trial* t) { return lock_range(t, F_OFD_SETLKW); }
static long in_lockf(struct trial* t) { return lockf(t->object.mine, F_LOCK, 0); }
static long in_open(struct trial* t) {
  const int fd = open(t->object.path, t->size == 1 ? O_RDONLY : O_WRONLY);
  if (fd < 0) return -1;
  close(fd);
  return 1;
}

/* --- the table */

static const int kReceiveFlags[] = {
    0, 0, MSG_WAITALL, MSG_WAITALL, MSG_PEEK, MSG_PEEK | MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC, -1};
static const int kManyFlags[] = {0, 0, MSG_WAITFORONE, MSG_DONTWAIT, MSG_PEEK, -1};
static const int kSendFlags[] = {0, 0, MSG_NOSIGNAL, MSG_DONTWAIT, -1};
static const int kWaitFlags[] = {0, 0, WUNTRACED, WUNTRACED, WNOHANG, -1};
static const int kQueueFlags[] = {0, 0, 0, IPC_NOWAIT, -1};
static const int kLockFlags[] = {0, 0, 0, LOCK_NB, -1};
static const int kReadSizes[] = {1, 5, 8, 8, -1};
static const int kLongReads[] = {5, 8, -1};
static const int kWriteSizes[] = {1, 100, 5000, 10000, 30000, -1};
static const int kMessageSizes[] = {1, 100, -1};
static const int kTwo[] = {1, 2, -1};

#define READ_KINDS \
  { &kPipe, &kFifo, &kStream, &kTcp, &kDatagram, &kUdp, &kSeqpacket, &kTerminal, &kEvent, &kTimer }
#define SOCKET_KINDS \
  { &kStream, &kStream, &kTcp, &kTcp, &kDatagram, &kUdp, &kSeqpacket }
#define MESSAGE_KINDS \
  { &kDatagram, &kUdp, &kSeqpacket }
#define POLL_KINDS                                                                               \
  {                                                                                              \
    &kPipe, &kStream, &kTcp, &kUdp, &kEvent, &kTimer, &kFullPipe, &kFullStream, &kFullSeqpacket, \
        &kTerminal                                                                               \
  }

/* clang-format off */
static const struct call kCalls[] = {
    /* name                    call               bound        must   flags          sizes        mask   fd     kinds */
    {"read",                   in_read,           kByOption,   false, NULL,          kReadSizes,  false, true,  READ_KINDS},
    {"read",                   in_read,           kUnbounded,  false, NULL,          kReadSizes,  false, true,  {&kWatch}},
    {"readv",                  in_readv,          kByOption,   false, NULL,          kReadSizes,  false, true,  READ_KINDS},
    {"recv",                   in_recv,           kByOption,   false, kReceiveFlags, kReadSizes,  false, true,  SOCKET_KINDS},
    {"recvfrom",               in_recvfrom,       kByOption,   false, kReceiveFlags, kReadSizes,  false, true,  SOCKET_KINDS},
    {"recvmsg",                in_recvmsg,        kByOption,   false, kReceiveFlags, kReadSizes,  false, true,  SOCKET_KINDS},
    {"recvmmsg",               in_recvmmsg,       kByArgument, false, kManyFlags,    kReadSizes,  false, true,  MESSAGE_KINDS},
    {"fgetc",                  in_fgetc,          kUnbounded,  false, NULL,          NULL,        false, true,  {&kPipe, &kStream, &kTcp}},
    {"fgets",                  in_fgets,          kByOption,   false, NULL,          kLongReads,  false, true,  {&kPipe, &kStream, &kTcp}},
    {"fread",                  in_fread,          kByOption,   false, NULL,          kLongReads,  false, true,  {&kPipe, &kStream, &kTcp}},
    {"splice",                 in_splice,         kUnbounded,  false, NULL,          kReadSizes,  false, true,  {&kPipe}},
    {"eventfd_read",           in_eventfd_read,   kUnbounded,  false, NULL,          NULL,        false, true,  {&kEvent}},
    {"write",                  in_write,          kByOption,   false, NULL,          kWriteSizes, false, true,  {&kFullPipe, &kFullStream}},
    {"write",                  in_write,          kByOption,   false, NULL,          kMessageSizes, false, true, {&kFullDatagram, &kFullSeqpacket, &kFullEvent}},
    {"writev",                 in_writev,         kByOption,   false, NULL,          kWriteSizes, false, true,  {&kFullPipe, &kFullStream}},
    {"send",                   in_send,           kByOption,   false, kSendFlags,    kWriteSizes, false, true,  {&kFullStream}},
    {"sendto",                 in_sendto,         kByOption,   false, kSendFlags,    kMessageSizes, false, true, {&kFullDatagram, &kFullSeqpacket}},
    {"sendmsg",                in_sendmsg,        kByOption,   false, kSendFlags,    kWriteSizes, false, true,  {&kFullStream}},
    {"sendmsg",                in_sendmsg,        kByOption,   false, kSendFlags,    kMessageSizes, false, true, {&kFullDatagram, &kFullSeqpacket}},
    {"sendmmsg",               in_sendmmsg,       kByOption,   false, kSendFlags,    kMessageSizes, false, true, {&kFullDatagram, &kFullSeqpacket}},
    {"fflush",                 in_fflush,         kByOption,   false, NULL,          kMessageSizes, false, true, {&kFullPipe, &kFullStream}},
    {"accept",                 in_accept,         kByOption,   false, NULL,          NULL,        false, true,  {&kUnixListener, &kTcpListener}},
    {"accept4",                in_accept4,        kByOption,   false, NULL,          NULL,        false, true,  {&kUnixListener, &kTcpListener}},
    {"connect",                in_connect,        kByOption,   false, NULL,          NULL,        false, false, {&kFullListener}},
    {"poll",                   in_poll,           kByArgument, false, NULL,          NULL,        false, true,  POLL_KINDS},
    {"ppoll",                  in_ppoll,          kByArgument, false, NULL,          NULL,        true,  true,  POLL_KINDS},
    {"select",                 in_select,         kByArgument, false, NULL,          NULL,        false, true,  POLL_KINDS},
    {"pselect",                in_pselect,        kByArgument, false, NULL,          NULL,        true,  true,  POLL_KINDS},
    {"epoll_wait",             in_epoll_wait,     kByArgument, false, NULL,          NULL,        false, true,  POLL_KINDS},
    {"epoll_pwait",            in_epoll_pwait,    kByArgument, false, NULL,          NULL,        true,  true,  POLL_KINDS},
    {"epoll_pwait2",           in_epoll_pwait2,   kByArgument, false, NULL,          NULL,        true,  true,  POLL_KINDS},
    {"nanosleep",              in_nanosleep,      kByArgument, true,  NULL,          NULL,        false, false, {&kNothing}},
    {"thrd_sleep",             in_thrd_sleep,     kByArgument, true,  NULL,          NULL,        false, false, {&kNothing}},
    {"clock_nanosleep",        in_clock_nanosleep, kByArgument, true, NULL,          NULL,        false, false, {&kNothing}},
    {"clock_nanosleep of CLOCK_REALTIME", in_clock_nanosleep_real, kByArgument, true, NULL, NULL, false, false, {&kNothing}},
    {"clock_nanosleep until",  in_clock_nanosleep_until, kByArgument, true, NULL,    NULL,        false, false, {&kNothing}},
    {"clock_nanosleep until, of CLOCK_REALTIME", in_clock_nanosleep_until_real, kByArgument, true, NULL, NULL, false, false, {&kNothing}},
    {"usleep",                 in_usleep,         kByArgument, true,  NULL,          NULL,        false, false, {&kNothing}},
    {"sleep",                  in_sleep,          kByArgument, true,  NULL,          NULL,        false, false, {&kNothing}},
    {"sem_wait",               in_sem_wait,       kUnbounded,  false, NULL,          NULL,        false, false, {&kSemaphore}},
    {"sem_timedwait",          in_sem_timedwait,  kByArgument, true,  NULL,          NULL,        false, false, {&kSemaphore}},
    {"sem_clockwait",          in_sem_clockwait,  kByArgument, true,  NULL,          NULL,        false, false, {&kSemaphore}},
    {"pthread_mutex_lock",     in_mutex_lock,     kUnbounded,  false, NULL,          NULL,        false, false, {&kMutex}},
    {"pthread_mutex_timedlock", in_mutex_timedlock, kByArgument, true, NULL,         NULL,        false, false, {&kMutex}},
    {"pthread_mutex_clocklock", in_mutex_clocklock, kByArgument, true, NULL,         NULL,        false, false, {&kMutex}},
    {"pthread_rwlock_timedrdlock", in_rwlock_timedrdlock, kByArgument, true, NULL,   NULL,        false, false, {&kRwlock}},
    {"pthread_rwlock_clockwrlock", in_rwlock_clockwrlock, kByArgument, true, NULL,   NULL,        false, false, {&kRwlock}},
    {"pthread_cond_wait",      in_cond_wait,      kUnbounded,  false, NULL,          NULL,        false, false, {&kCondition}},
    {"pthread_cond_timedwait", in_cond_timedwait, kByArgument, true,  NULL,          NULL,        false, false, {&kCondition}},
    {"pthread_cond_clockwait", in_cond_clockwait, kByArgument, true,  NULL,          NULL,        false, false, {&kCondition}},
    {"FUTEX_WAIT",             in_futex_wait,     kByArgument, false, NULL,          NULL,        false, false, {&kFutex}},
    {"FUTEX_WAIT_BITSET",      in_futex_wait_bitset, kByArgument, false, NULL,       NULL,        false, false, {&kFutex}},
    {"sigwait",                in_sigwait,        kUnbounded,  false, NULL,          NULL,        false, false, {&kAwaited}},
    {"sigwaitinfo",            in_sigwaitinfo,    kUnbounded,  false, NULL,          NULL,        false, false, {&kAwaited}},
    {"sigtimedwait",           in_sigtimedwait,   kByArgument, false, NULL,          NULL,        false, false, {&kAwaited}},
    {"sigsuspend",             in_sigsuspend,     kUnbounded,  false, NULL,          NULL,        true,  false, {&kNothing}},
    {"pause",                  in_pause,          kUnbounded,  false, NULL,          NULL,        false, false, {&kNothing}},
    {"waitpid",                in_waitpid,        kUnbounded,  false, kWaitFlags,    NULL,        false, false, {&kChild}},
    {"wait4",                  in_wait4,          kUnbounded,  false, kWaitFlags,    NULL,        false, false, {&kChild}},
    {"waitid",                 in_waitid,         kUnbounded,  false, kWaitFlags,    NULL,        false, false, {&kChild}},
    {"mq_receive",             in_mq_receive,     kUnbounded,  false, NULL,          NULL,        false, true,  {&kQueue}},
    {"mq_timedreceive",        in_mq_timedreceive, kByArgument, true, NULL,          NULL,        false, true,  {&kQueue}},
    {"mq_send",                in_mq_send,        kUnbounded,  false, NULL,          NULL,        false, true,  {&kFullQueue}},
    {"mq_timedsend",           in_mq_timedsend,   kByArgument, true,  NULL,          NULL,        false, true,  {&kFullQueue}},
    {"msgrcv",                 in_msgrcv,         kUnbounded,  false, kQueueFlags,   NULL,        false, false, {&kMessages}},
    {"msgsnd",                 in_msgsnd,         kUnbounded,  false, kQueueFlags,   NULL,        false, false, {&kFullMessages}},
    {"semop",                  in_semop,          kUnbounded,  false, kQueueFlags,   NULL,        false, false, {&kSet}},
    {"semtimedop",             in_semtimedop,     kByArgument, false, kQueueFlags,   NULL,        false, false, {&kSet}},
    {"flock",                  in_flock,          kUnbounded,  false, kLockFlags,    kTwo,        false, false, {&kFlocked}},
    {"F_SETLKW",               in_setlkw,         kUnbounded,  false, NULL,          kTwo,        false, false, {&kRangeLocked}},
    {"F_OFD_SETLKW",           in_ofd_setlkw,     kUnbounded,  false, NULL,          kTwo,        false, false, {&kRangeLocked}},
    {"lockf",                  in_lockf,          kUnbounded,  false, NULL,          NULL,        false, false, {&kRangeLocked}},
    {"open",                   in_open,           kUnbounded,  false, NULL,          kTwo,        false, false, {&kClosedFifo}},
};
/* clang-format on */
enum { kCallCount = sizeof kCalls / sizeof kCalls[0] };

#endif

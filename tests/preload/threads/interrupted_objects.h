/* interrupted_objects.h: what the calls of interrupted_fuzz.c work on, and what can be done to it
 * from its other side. None of these functions waits for the thread. */
#ifndef WEFT_TESTS_INTERRUPTED_OBJECTS_H
#define WEFT_TESTS_INTERRUPTED_OBJECTS_H
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

#include "interrupted_case.h"

typedef void act(struct trial*);

struct kind {
  const char* name;
  act* make;
  act* part;     /* some of what is waited for, or null */
  act* all;      /* all of it: also done again and again at the end */
  act* close;    /* the other side goes, or null */
  act* shut;     /* the other side says that it will write, or read, no more */
  act* shut_own; /* the own side is shut down by another thread */
  act* release;  /* null: only descriptors to close */
};

static inline void close_if_open(int* fd) {
  if (*fd >= 0) CHECK(close(*fd) == 0);
  *fd = -1;
}

static inline void set_nonblocking(int fd, bool on) {
  const int flags = fcntl(fd, F_GETFL);
  CHECK(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0);
}

static void close_peer(struct trial* t) { close_if_open(&t->object.peer); }
static void shut_peer_for_writing(struct trial* t) {
  if (t->object.peer >= 0) shutdown(t->object.peer, SHUT_WR);
}
static void shut_own_for_reading(struct trial* t) { shutdown(t->object.mine, SHUT_RD); }
static void shut_own_for_writing(struct trial* t) { shutdown(t->object.mine, SHUT_WR); }

/* --- what is read from */

static void feed(struct trial* t, const char* bytes) {
  if (t->object.peer >= 0) {
    if (write(t->object.peer, bytes, strlen(bytes)) < 0) errno = 0; /* its own side is shut */
  }
}
static void feed_part(struct trial* t) { feed(t, "abc"); }
static void feed_all(struct trial* t) { feed(t, "ABCDEFGH"); }

static void make_pipe(struct trial* t) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  t->object.mine = ends[0];
  t->object.peer = ends[1];
}
static void make_pair(struct trial* t, int type) {
  int ends[2];
  CHECK(socketpair(AF_UNIX, type, 0, ends) == 0);
  t->object.mine = ends[0];
  t->object.peer = ends[1];
}
static void make_stream(struct trial* t) { make_pair(t, SOCK_STREAM); }
static void make_datagram(struct trial* t) { make_pair(t, SOCK_DGRAM); }
static void make_seqpacket(struct trial* t) { make_pair(t, SOCK_SEQPACKET); }

static void listen_tcp(struct trial* t, struct sockaddr_in* address, int* listener) {
  socklen_t size = sizeof *address;
  (void)t;
  *listener = socket(AF_INET, SOCK_STREAM, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET};
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(*listener, (struct sockaddr*)address, size) == 0);
  CHECK(getsockname(*listener, (struct sockaddr*)address, &size) == 0);
  CHECK(listen(*listener, 8) == 0);
}
static void make_tcp(struct trial* t) {
  struct sockaddr_in address;
  const int one = 1;
  int listener;
  listen_tcp(t, &address, &listener);
  t->object.peer = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(t->object.peer, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(setsockopt(t->object.peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
  t->object.mine = accept(listener, NULL, NULL);
  CHECK(t->object.mine >= 0);
  CHECK(close(listener) == 0);
}
static void make_udp(struct trial* t) {
  struct sockaddr_in address[2];
  int ends[2];
  for (int i = 0; i < 2; i++) {
    socklen_t size = sizeof address[i];
    ends[i] = socket(AF_INET, SOCK_DGRAM, 0);
    address[i] = (struct sockaddr_in){.sin_family = AF_INET};
    address[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(ends[i], (struct sockaddr*)&address[i], size) == 0);
    CHECK(getsockname(ends[i], (struct sockaddr*)&address[i], &size) == 0);
  }
  CHECK(connect(ends[1], (struct sockaddr*)&address[0], sizeof address[0]) == 0);
  t->object.mine = ends[0];
  t->object.peer = ends[1];
}
static void make_fifo(struct trial* t) {
  snprintf(t->object.path, sizeof t->object.path, "fifo.%d", t->number);
  CHECK(mkfifo(t->object.path, 0600) == 0);
  t->object.mine = open(t->object.path, O_RDONLY | O_NONBLOCK);
  CHECK(t->object.mine >= 0);
  t->object.peer = open(t->object.path, O_WRONLY);
  CHECK(t->object.peer >= 0);
  set_nonblocking(t->object.mine, false);
  CHECK(unlink(t->object.path) == 0);
}
static void make_terminal(struct trial* t) {
  struct termios raw;
  t->object.peer = posix_openpt(O_RDWR | O_NOCTTY);
  CHECK(t->object.peer >= 0);
  CHECK(grantpt(t->object.peer) == 0 && unlockpt(t->object.peer) == 0);
  char name[64];
  CHECK(ptsname_r(t->object.peer, name, sizeof name) == 0);
  t->object.mine = open(name, O_RDWR | O_NOCTTY);
  CHECK(t->object.mine >= 0);
  CHECK(tcgetattr(t->object.mine, &raw) == 0);
  cfmakeraw(&raw);
  CHECK(tcsetattr(t->object.mine, TCSANOW, &raw) == 0);
}
static void make_event(struct trial* t) {
  t->object.mine = eventfd(0, 0);
  t->object.peer = dup(t->object.mine);
  CHECK(t->object.peer >= 0);
}
static void post_event(struct trial* t) {
  const uint64_t value = 0x4847464544434241; /* as feed_all */
  CHECK(write(t->object.peer, &value, sizeof value) == sizeof value);
}
static void make_timer(struct trial* t) {
  t->object.mine = timerfd_create(CLOCK_MONOTONIC, 0);
  CHECK(t->object.mine >= 0);
}
static void expire_timer(struct trial* t) {
  const struct itimerspec soon = {.it_value = {0, 1}};
  CHECK(timerfd_settime(t->object.mine, 0, &soon, NULL) == 0);
}
static void make_watch(struct trial* t) {
  snprintf(t->object.path, sizeof t->object.path, "watched.%d", t->number);
  t->object.third = open(t->object.path, O_RDWR | O_CREAT | O_EXCL, 0600);
  CHECK(t->object.third >= 0);
  t->object.mine = inotify_init();
  CHECK(inotify_add_watch(t->object.mine, t->object.path, IN_ATTRIB) > 0);
}
static void change_watched(struct trial* t) { CHECK(fchmod(t->object.third, 0600) == 0); }
static void remove_path(struct trial* t) { CHECK(unlink(t->object.path) == 0); }

/* --- what is full, and written to */

static void fill(struct trial* t, size_t piece) {
  static char bytes[8192];
  ssize_t put;
  set_nonblocking(t->object.mine, true);
  while ((put = write(t->object.mine, bytes, piece)) > 0) t->object.filled += (size_t)put;
  CHECK(errno == EAGAIN);
  set_nonblocking(t->object.mine, false);
}
/* One read of at most `size` bytes: a second one would take what the thread puts meanwhile. */
static void drain(struct trial* t, size_t size) {
  static char bytes[1 << 20];
  if (t->object.peer < 0) return;
  set_nonblocking(t->object.peer, true);
  const ssize_t got = read(t->object.peer, bytes, size < sizeof bytes ? size : sizeof bytes);
  (void)got;
}
enum { kPage = 4096, kPiece = 1000 };
static void drain_page(struct trial* t) { drain(t, kPage); }
static void drain_piece(struct trial* t) { drain(t, kPiece); }
static void drain_filled(struct trial* t) { drain(t, t->object.filled); }

static void make_full_pipe(struct trial* t) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  t->object.mine = ends[1];
  t->object.peer = ends[0];
  CHECK(fcntl(ends[1], F_SETPIPE_SZ, 2 * kPage) == 2 * kPage);
  fill(t, kPage);
}
static void make_full_pair(struct trial* t, int type) {
  const int small = 8192;
  make_pair(t, type);
  CHECK(setsockopt(t->object.mine, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
  fill(t, kPiece);
}
static void make_full_stream(struct trial* t) { make_full_pair(t, SOCK_STREAM); }
static void make_full_datagram(struct trial* t) { make_full_pair(t, SOCK_DGRAM); }
static void make_full_seqpacket(struct trial* t) { make_full_pair(t, SOCK_SEQPACKET); }
static void drain_messages(struct trial* t) {
  for (size_t i = 0; i < t->object.filled / kPiece; i++) drain(t, kPiece);
}
static void make_full_event(struct trial* t) {
  const uint64_t most = UINT64_MAX - 1;
  make_event(t);
  CHECK(write(t->object.mine, &most, sizeof most) == sizeof most);
}
static void drain_event(struct trial* t) { drain(t, sizeof(uint64_t)); }

/* --- listeners */

static void make_unix_listener_of(struct trial* t, int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  t->object.mine = socket(AF_UNIX, SOCK_STREAM, 0);
  /* Of the abstract name space: bound without a name, the kernel chooses one. */
  CHECK(bind(t->object.mine, (struct sockaddr*)&address, sizeof address.sun_family) == 0);
  CHECK(listen(t->object.mine, backlog) == 0);
}
static int connect_to_listener(struct trial* t, int flags) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  CHECK(getsockname(t->object.mine, (struct sockaddr*)&address, &size) == 0);
  const int fd = socket(address.ss_family, SOCK_STREAM | flags, 0);
  if (connect(fd, (struct sockaddr*)&address, size) != 0 && errno != EINPROGRESS) {
    close(fd);
    return -1;
  }
  return fd;
}
static void make_unix_listener(struct trial* t) { make_unix_listener_of(t, 8); }
static void make_tcp_listener(struct trial* t) {
  struct sockaddr_in address;
  listen_tcp(t, &address, &t->object.mine);
}
static void connect_one(struct trial* t) {
  close_if_open(&t->object.peer);
  t->object.peer = connect_to_listener(t, SOCK_NONBLOCK);
}
/* The thread connects to it. */
static void make_full_listener(struct trial* t) {
  make_unix_listener_of(t, 0);
  t->object.third = connect_to_listener(t, SOCK_NONBLOCK);
  CHECK(t->object.third >= 0);
  while (connect_to_listener(t, SOCK_NONBLOCK) >= 0) abort(); /* a backlog of one */
}
static void accept_one(struct trial* t) {
  if (t->object.mine < 0) return;
  set_nonblocking(t->object.mine, true);
  close_if_open(&t->object.peer);
  t->object.peer = accept(t->object.mine, NULL, NULL);
}

/* --- locks and the like */

static void make_nothing(struct trial* t) { (void)t; }

static void make_semaphore(struct trial* t) { CHECK(sem_init(&t->object.semaphore, 0, 0) == 0); }
static void post_semaphore(struct trial* t) { CHECK(sem_post(&t->object.semaphore) == 0); }

static void make_mutex(struct trial* t) {
  CHECK(pthread_mutex_init(&t->object.mutex, NULL) == 0);
  CHECK(pthread_mutex_lock(&t->object.mutex) == 0);
  t->object.id = 1;
}
static void unlock_mutex(struct trial* t) {
  if (t->object.id == 1) CHECK(pthread_mutex_unlock(&t->object.mutex) == 0);
  t->object.id = 0;
}
static void make_rwlock(struct trial* t) {
  CHECK(pthread_rwlock_init(&t->object.rwlock, NULL) == 0);
  CHECK(pthread_rwlock_wrlock(&t->object.rwlock) == 0);
  t->object.id = 1;
}
static void unlock_rwlock(struct trial* t) {
  if (t->object.id == 1) CHECK(pthread_rwlock_unlock(&t->object.rwlock) == 0);
  t->object.id = 0;
}
static void make_condition(struct trial* t) {
  CHECK(pthread_mutex_init(&t->object.mutex, NULL) == 0);
  CHECK(pthread_cond_init(&t->object.condition, NULL) == 0);
}
static void signal_condition(struct trial* t) {
  CHECK(pthread_cond_signal(&t->object.condition) == 0);
}

static long raw_futex(struct trial* t, int operation, uint32_t value, const void* timeout) {
  return syscall(SYS_futex, &t->object.word, operation | FUTEX_PRIVATE_FLAG, value, timeout, NULL,
                 FUTEX_BITSET_MATCH_ANY);
}
static void wake_futex(struct trial* t) { raw_futex(t, FUTEX_WAKE, 1, NULL); }
static void change_futex(struct trial* t) { atomic_store(&t->object.word, 1); }

/* --- signals: SIGRTMIN + 3 is blocked in each thread, and what it may wait for */

static void send_awaited(struct trial* t) {
  if (!atomic_load(&t->has_ended)) CHECK(pthread_kill(t->thread, SIGRTMIN + 3) == 0);
}

/* --- children: they have copies of all descriptors, and are made before those of the others */

/* Of a process or thread: 'R', 'S', 'T'... */
static char state_in(const char* path) {
  char text[256] = "";
  const int fd = open(path, O_RDONLY);
  if (fd < 0) return 0;
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  const char* const behind_name = got > 0 ? strrchr(text, ')') : NULL;
  return behind_name != NULL ? behind_name[2] : 0;
}

static void make_child(struct trial* t) {
  int gate[2];
  CHECK(pipe(gate) == 0);
  t->object.child = fork();
  CHECK(t->object.child >= 0);
  if (t->object.child == 0) {
    char byte;
    close(gate[1]);
    _exit(read(gate[0], &byte, 1) == 1 ? byte : 99);
  }
  CHECK(close(gate[0]) == 0);
  t->object.peer = gate[1];
}
/* So that the child has done what it was told before anything else happens. */
static void expect_child(struct trial* t, char state) {
  char path[64];
  const int64_t late = now_ns() + t->unit / 3;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)t->object.child);
  for (;;) {
    const char found = state_in(path);
    if (found == state || found == 0) break; /* 0: it has been waited for */
    if (now_ns() > late) {
      t->why_late = "child";
      break;
    }
  }
}
static void stop_child(struct trial* t) {
  if (t->object.is_reaped || t->object.peer < 0) return;
  kill(t->object.child, SIGSTOP);
  expect_child(t, 'T');
}
static void end_child(struct trial* t) {
  if (t->object.peer < 0) return;
  CHECK(write(t->object.peer, "\7", 1) == 1);
  kill(t->object.child, SIGCONT);
  close_peer(t);
  expect_child(t, 'Z');
}
static void reap_child(struct trial* t) {
  if (t->object.is_reaped) return;
  kill(t->object.child, SIGKILL);
  CHECK(waitpid(t->object.child, NULL, 0) == t->object.child);
}

/* --- queues, semaphores of System V, locks of files, and FIFOs to open */

enum { kMessage = 8 };
static void make_queue(struct trial* t) {
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = kMessage};
  snprintf(t->object.path, sizeof t->object.path, "/weft.%d.%d", (int)getpid(), t->number);
  t->object.mine = mq_open(t->object.path, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
  CHECK(t->object.mine >= 0);
  t->object.peer = mq_open(t->object.path, O_RDWR | O_NONBLOCK);
  CHECK(t->object.peer >= 0);
  CHECK(mq_unlink(t->object.path) == 0);
}
static void make_full_queue(struct trial* t) {
  make_queue(t);
  CHECK(mq_send(t->object.peer, "ABCDEFGH", kMessage, 1) == 0);
}
static void send_to_queue(struct trial* t) { mq_send(t->object.peer, "ABCDEFGH", kMessage, 3); }
static void take_from_queue(struct trial* t) {
  char message[kMessage];
  mq_receive(t->object.peer, message, sizeof message, NULL);
}
static void close_queue(struct trial* t) {
  CHECK(mq_close(t->object.mine) == 0 && mq_close(t->object.peer) == 0);
  t->object.mine = t->object.peer = -1;
}

struct message {
  long type;
  char text[kMessage];
};
static void make_messages(struct trial* t) {
  t->object.id = msgget(IPC_PRIVATE, 0600);
  CHECK(t->object.id >= 0);
}
static void make_full_messages(struct trial* t) {
  const struct message message = {1, "ABCDEFG"};
  struct msqid_ds state;
  make_messages(t);
  CHECK(msgctl(t->object.id, IPC_STAT, &state) == 0);
  state.msg_qbytes = 2 * kMessage;
  CHECK(msgctl(t->object.id, IPC_SET, &state) == 0);
  while (msgsnd(t->object.id, &message, kMessage, IPC_NOWAIT) == 0) continue;
  CHECK(errno == EAGAIN);
}
static void send_message(struct trial* t) {
  const struct message message = {1, "ABCDEFG"};
  msgsnd(t->object.id, &message, kMessage, IPC_NOWAIT);
}
static void take_message(struct trial* t) {
  struct message message;
  msgrcv(t->object.id, &message, kMessage, 0, IPC_NOWAIT);
}
static void remove_messages(struct trial* t) {
  if (t->object.id >= 0) CHECK(msgctl(t->object.id, IPC_RMID, NULL) == 0);
  t->object.id = -1;
}
static void make_set(struct trial* t) {
  t->object.id = semget(IPC_PRIVATE, 1, 0600);
  CHECK(t->object.id >= 0);
}
static void add_to_set(struct trial* t) {
  struct sembuf one = {0, 1, IPC_NOWAIT};
  if (t->object.id >= 0) CHECK(semop(t->object.id, &one, 1) == 0);
}
static void add_much_to_set(struct trial* t) {
  struct sembuf two = {0, 2, IPC_NOWAIT};
  if (t->object.id >= 0) CHECK(semop(t->object.id, &two, 1) == 0);
}
static void remove_set(struct trial* t) {
  if (t->object.id >= 0) CHECK(semctl(t->object.id, 0, IPC_RMID) == 0);
  t->object.id = -1;
}

/* By `peer`, which is another description of the file. */
static void make_file(struct trial* t) {
  snprintf(t->object.path, sizeof t->object.path, "locked.%d", t->number);
  t->object.mine = open(t->object.path, O_RDWR | O_CREAT | O_EXCL, 0600);
  t->object.peer = open(t->object.path, O_RDWR);
  CHECK(t->object.mine >= 0 && t->object.peer >= 0);
  CHECK(unlink(t->object.path) == 0);
}
static void make_flocked(struct trial* t) {
  make_file(t);
  CHECK(flock(t->object.peer, LOCK_EX) == 0);
}
static void make_range_locked(struct trial* t) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  make_file(t);
  CHECK(fcntl(t->object.peer, F_OFD_SETLK, &lock) == 0);
}

static void make_closed_fifo(struct trial* t) {
  snprintf(t->object.path, sizeof t->object.path, "opened.%d", t->number);
  CHECK(mkfifo(t->object.path, 0600) == 0);
}
static void open_for_both(struct trial* t) {
  if (t->object.peer < 0) t->object.peer = open(t->object.path, O_RDWR | O_NONBLOCK);
  CHECK(t->object.peer >= 0);
}

/* Not here, since they differ under weft ("Known deviations" in hooks/DESIGN.md): a terminal whose
 * other side is closed; the other side of a full unix socket that is shut down for reading, and a
 * full listener that is shut down; a signalfd, and signals to a single thread. */
/* clang-format off */
static const struct kind
    kPipe          = {"a pipe",              make_pipe,        feed_part,    feed_all,        close_peer, NULL, NULL, NULL},
    kFifo          = {"a FIFO",              make_fifo,        feed_part,    feed_all,        close_peer, NULL, NULL, NULL},
    kStream        = {"a stream",            make_stream,      feed_part,    feed_all,        close_peer, shut_peer_for_writing, shut_own_for_reading, NULL},
    kTcp           = {"a TCP connection",    make_tcp,         feed_part,    feed_all,        close_peer, shut_peer_for_writing, shut_own_for_reading, NULL},
    kDatagram      = {"datagrams",           make_datagram,    feed_part,    feed_all,        close_peer, NULL, shut_own_for_reading, NULL},
    kUdp           = {"UDP",                 make_udp,         feed_part,    feed_all,        close_peer, NULL, NULL, NULL},
    kSeqpacket     = {"packets",             make_seqpacket,   feed_part,    feed_all,        close_peer, shut_peer_for_writing, shut_own_for_reading, NULL},
    kTerminal      = {"a terminal",          make_terminal,    feed_part,    feed_all,        NULL, NULL, NULL, NULL},
    kEvent         = {"an eventfd",          make_event,       NULL,         post_event,      NULL, NULL, NULL, NULL},
    kTimer         = {"a timerfd",           make_timer,       NULL,         expire_timer,    NULL, NULL, NULL, NULL},
    kWatch         = {"inotify",             make_watch,       NULL,         change_watched,  NULL, NULL, NULL, remove_path},
    kFullPipe      = {"a full pipe",         make_full_pipe,   drain_page,   drain_filled,    close_peer, NULL, NULL, NULL},
    kFullStream    = {"a full stream",       make_full_stream, drain_piece,  drain_filled,    close_peer, NULL, shut_own_for_writing, NULL},
    kFullDatagram  = {"full datagrams",      make_full_datagram, drain_piece, drain_messages, close_peer, NULL, shut_own_for_writing, NULL},
    kFullSeqpacket = {"full packets",        make_full_seqpacket, drain_piece, drain_messages, close_peer, NULL, shut_own_for_writing, NULL},
    kFullEvent     = {"a full eventfd",      make_full_event,  NULL,         drain_event,     NULL, NULL, NULL, NULL},
    kUnixListener  = {"a unix listener",     make_unix_listener, NULL,       connect_one,     NULL, NULL, shut_own_for_reading, NULL},
    kTcpListener   = {"a TCP listener",      make_tcp_listener, NULL,        connect_one,     NULL, NULL, shut_own_for_reading, NULL},
    kFullListener  = {"a full listener",     make_full_listener, NULL,       accept_one,      NULL, NULL, NULL, NULL},
    kNothing       = {"",                    make_nothing,     NULL,         make_nothing,    NULL, NULL, NULL, NULL},
    kSemaphore     = {"",                    make_semaphore,   NULL,         post_semaphore,  NULL, NULL, NULL, NULL},
    kMutex         = {"",                    make_mutex,       NULL,         unlock_mutex,    NULL, NULL, NULL, NULL},
    kRwlock        = {"",                    make_rwlock,      NULL,         unlock_rwlock,   NULL, NULL, NULL, NULL},
    kCondition     = {"",                    make_condition,   NULL,         signal_condition, NULL, NULL, NULL, NULL},
    kFutex         = {"",                    make_nothing,     change_futex, wake_futex,      NULL, NULL, NULL, NULL},
    kAwaited       = {"",                    make_nothing,     NULL,         send_awaited,    NULL, NULL, NULL, NULL},
    kChild         = {"a child",             make_child,       stop_child,   end_child,       NULL, NULL, NULL, reap_child},
    kQueue         = {"",                    make_queue,       NULL,         send_to_queue,   NULL, NULL, NULL, close_queue},
    kFullQueue     = {"",                    make_full_queue,  NULL,         take_from_queue, NULL, NULL, NULL, close_queue},
    kMessages      = {"",                    make_messages,    NULL,         send_message,    remove_messages, NULL, NULL, remove_messages},
    kFullMessages  = {"",                    make_full_messages, NULL,       take_message,    remove_messages, NULL, NULL, remove_messages},
    kSet           = {"",                    make_set,         add_to_set,   add_much_to_set, remove_set, NULL, NULL, remove_set},
    kFlocked       = {"",                    make_flocked,     NULL,         close_peer,      NULL, NULL, NULL, NULL},
    kRangeLocked   = {"",                    make_range_locked, NULL,        close_peer,      NULL, NULL, NULL, NULL},
    kClosedFifo    = {"a FIFO",              make_closed_fifo, NULL,         open_for_both,   NULL, NULL, NULL, remove_path};
/* clang-format on */

#endif

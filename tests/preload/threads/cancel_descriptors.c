/* cancel_descriptors.c: calls on files, sockets and queues end when their thread is cancelled while
 * it blocks, and do nothing when it is cancelled before, even if they need not block. */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cancel_point.h"

static int empty[2];
static int full[2];
static int sockets[2];
static int full_socket[2];
static int listener;
static int epoll;
static int queue;
static mqd_t posix_queue;
static pid_t child;
static char buffer[1 << 20];
static const struct sockaddr_un busy = {AF_UNIX, "busy"};
static struct {
  long type;
  char text[8];
} message = {1, "text"};

static void in_read(void) { (void)!read(empty[0], buffer, 1); }

static void in_readv(void) {
  const struct iovec piece = {buffer, 1};
  (void)!readv(empty[0], &piece, 1);
}

static void in_write(void) { (void)!write(full[1], buffer, 1); }

static void in_writev(void) {
  const struct iovec piece = {buffer, 1};
  (void)!writev(full[1], &piece, 1);
}

static void in_recv(void) { recv(sockets[0], buffer, 1, 0); }

static void in_recvfrom(void) { recvfrom(sockets[0], buffer, 1, 0, NULL, NULL); }

static void in_recvmsg(void) {
  struct iovec piece = {buffer, 1};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
  recvmsg(sockets[0], &header, 0);
}

static void in_send(void) { send(full_socket[0], buffer, 1, 0); }

static void in_sendmsg(void) {
  struct iovec piece = {buffer, 1};
  const struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
  sendmsg(full_socket[0], &header, 0);
}

static void in_accept(void) { accept(listener, NULL, NULL); }

static void in_accept4(void) { accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

static void in_poll(void) { poll(&(struct pollfd){empty[0], POLLIN, 0}, 1, -1); }

static void in_poll_of_none(void) { poll(NULL, 0, 1000000); }

static void in_ppoll(void) { ppoll(&(struct pollfd){empty[0], POLLIN, 0}, 1, NULL, NULL); }

static void in_select(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(empty[0], &set);
  select(empty[0] + 1, &set, NULL, NULL, NULL);
}

static void in_pselect(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(empty[0], &set);
  pselect(empty[0] + 1, &set, NULL, NULL, NULL, NULL);
}

static void in_epoll_wait(void) { epoll_wait(epoll, &(struct epoll_event){0}, 1, -1); }

static void in_open(void) { open("fifo", O_RDONLY); }

static void in_lock(void) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  const int file = open("locked", O_RDWR);
  fcntl(file, F_SETLKW, &lock);
}

static void in_msgrcv(void) { msgrcv(queue, &message, 8, 2, 0); }

static void in_mq_receive(void) { mq_receive(posix_queue, buffer, sizeof buffer, NULL); }

static void in_connect(void) {
  connect(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr*)&busy, sizeof busy);
}

/* Calls that need not block. */
static void in_full_read(void) { (void)!read(full[0], buffer, 100); }

static void in_empty_write(void) { (void)!write(empty[1], buffer, 1); }

static void in_full_recv(void) { recv(full_socket[1], buffer, 100, 0); }

static void in_empty_send(void) { send(sockets[0], buffer, 1, 0); }

static void in_no_poll(void) { poll(NULL, 0, 0); }

static void in_plain_open(void) { open("locked", O_RDONLY); }

static void in_close(void) { close(dup(0)); }

static void in_fsync(void) { fsync(epoll); }

static void in_pread(void) { (void)!pread(0, buffer, 1, 0); }

static void in_fcntl(void) { fcntl(0, F_GETFL); }

static const struct point blocking[] = {
    POINT(read),     POINT(readv),      POINT(write),      POINT(writev),       POINT(recv),
    POINT(recvfrom), POINT(recvmsg),    POINT(send),       POINT(sendmsg),      POINT(accept),
    POINT(accept4),  POINT(connect),    POINT(poll),       POINT(poll_of_none), POINT(ppoll),
    POINT(select),   POINT(pselect),    POINT(epoll_wait), POINT(open),         POINT(lock),
    POINT(msgrcv),   POINT(mq_receive),
};

/* The last is no point: the thread goes on. */
static const struct point quick[] = {
    POINT(full_read),  POINT(empty_write), POINT(full_recv), POINT(empty_send), POINT(no_poll),
    POINT(plain_open), POINT(close),       POINT(fsync),     POINT(pread),      POINT(fcntl),
};

static int bytes_in(int file) {
  int bytes = -1;
  ioctl(file, FIONREAD, &bytes);
  return bytes;
}

static void fill(int file) {
  fcntl(file, F_SETFL, O_NONBLOCK);
  while (write(file, buffer, sizeof buffer) > 0) continue;
  fcntl(file, F_SETFL, 0);
}

/* A listener whose queue is full. */
static void listen_busily(void) {
  const int file = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(file, (const struct sockaddr*)&busy, sizeof busy) != 0 || listen(file, 0) != 0) abort();
  in_connect();
}

/* Another process holds the lock on the file. */
static void hold_lock(void) {
  const int file = open("locked", O_RDWR | O_CREAT, 0600);
  child = fork();
  if (child == 0) {
    alarm(60);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    fcntl(file, F_SETLK, &lock);
    (void)!write(empty[1], "x", 1);
    for (;;) pause();
  }
  (void)!read(empty[0], buffer, 1);
}

static void prepare(void) {
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
  char folder[] = "/tmp/weft_points_XXXXXX";
  char name[64];
  if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkfifo("fifo", 0600) != 0) abort();
  if (pipe(empty) != 0 || pipe(full) != 0) abort();
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) abort();
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, full_socket) != 0) abort();
  fill(full[1]);
  fill(full_socket[0]);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  listen(listener, 1);
  epoll = epoll_create1(0);
  queue = msgget(IPC_PRIVATE, 0600);
  snprintf(name, sizeof name, "/weft_points_%d", (int)getpid());
  posix_queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
  mq_unlink(name);
  listen_busily();
  hold_lock();
  sem_init(&started, 0, 0);
}

static void clean_up(void) {
  msgctl(queue, IPC_RMID, NULL);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  unlink("fifo");
  unlink("locked");
  unlink("busy");
  if (getcwd(buffer, sizeof buffer) != NULL) rmdir(buffer);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  prepare();
  cancel_all(blocking, COUNT(blocking), quick, COUNT(quick));
  SAY_NUMBER(bytes_in(empty[0]));
  SAY_NUMBER(bytes_in(full[0]));
  SAY_NUMBER(bytes_in(sockets[1]));
  SAY_NUMBER(bytes_in(full_socket[1]) > 100);
  clean_up();
  return 0;
}

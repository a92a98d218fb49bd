/* message_queues.c: POSIX message queues: results, waiting, bounds, signals, cancellation. */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdatomic.h>

#include "cancel_point.h"
#include "kernel_wait.h"

static mqd_t queue, nonblocking;
static char name[64];

static long receive(mqd_t from, const struct timespec* until) {
  char text[8];
  return mq_timedreceive(from, text, sizeof text, NULL, until);
}

static long in_receive(void) {
  char text[8];
  return mq_receive(queue, text, sizeof text, NULL);
}
static long in_send(void) { return mq_send(queue, "x", 1, 0); }
static long in_timed_receive(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  return receive(queue, &until);
}
static long in_timed_send(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  return mq_timedsend(queue, "x", 1, 0, &until);
}
static long in_poll(void) {
  struct pollfd one = {queue, POLLIN, 0};
  return poll(&one, 1, -1);
}

static void empty(void) {
  while (receive(nonblocking, NULL) != -1) continue;
}
static void fill(void) {
  while (mq_send(nonblocking, "abc", 3, 0) == 0) continue;
}
static void send_one(void) { mq_send(queue, "ab", 2, 0); }
static void receive_one(void) { receive(queue, NULL); }

static void wait_all_ways(struct kernel_wait wait, void (*prepare)(void)) {
  void (*const ways[])(struct kernel_wait*) = {wait_in_peace, interrupt_wait, restart_wait};
  for (size_t i = 0; i < COUNT(ways); i++) {
    prepare();
    ways[i](&wait);
  }
}

static void results(void) {
  char text[8];
  unsigned priority = 0;
  struct timespec soon = in_ms(CLOCK_REALTIME, 20), past = in_ms(CLOCK_REALTIME, -20),
                  wrong = {0, -1};
  SAY_ERRNO(mq_open("no slash", O_RDWR));
  SAY_ERRNO(mq_open("/weft-no-such-queue", O_RDWR));
  SAY_ERRNO(mq_send(queue, "a", 1, 3));
  SAY_ERRNO(mq_send(queue, "bc", 2, 9));
  SAY_ERRNO(mq_send(queue, "0123456789", 10, 0));
  SAY_ERRNO(mq_send(queue, "x", 1, 40000));
  SAY_ERRNO(mq_receive(queue, text, 1, NULL));
  SAY_ERRNO(mq_receive(queue, text, sizeof text, &priority));
  SAY_NUMBER(priority);
  SAY_ERRNO(mq_timedreceive(queue, text, sizeof text, &priority, &wrong));
  SAY_ERRNO(mq_timedreceive(queue, text, sizeof text, &priority, &past));
  SAY_NUMBER(priority);
  SAY_ERRNO(mq_timedreceive(queue, text, sizeof text, &priority, &past));
  SAY_ERRNO(mq_timedreceive(queue, text, sizeof text, &priority, &soon));
  SAY_NUMBER(now_ms(CLOCK_REALTIME) >= soon.tv_sec * 1000 + soon.tv_nsec / 1000000);
  SAY_ERRNO(mq_timedreceive(queue, text, sizeof text, &priority, &wrong));
  SAY_ERRNO(mq_receive(nonblocking, text, sizeof text, NULL));
  SAY_ERRNO(mq_timedreceive(nonblocking, text, sizeof text, NULL, &soon));
  fill();
  soon = in_ms(CLOCK_REALTIME, 20);
  SAY_ERRNO(mq_timedsend(queue, "x", 1, 0, &soon));
  SAY_ERRNO(mq_timedsend(queue, "x", 1, 0, &past));
  SAY_ERRNO(mq_timedsend(queue, "x", 1, 0, &wrong));
  SAY_ERRNO(mq_timedsend(nonblocking, "x", 1, 0, &soon));
  SAY_ERRNO(mq_send(-1, "x", 1, 0));
  SAY_ERRNO(mq_receive(-1, text, sizeof text, NULL));
  SAY_ERRNO(mq_send(0, "x", 1, 0));
  SAY_ERRNO(mq_close(-1));
  SAY_NUMBER(read(queue, text, sizeof text) > 0);
  empty();
}

static void in_cancelled_receive(void) {
  empty();
  in_receive();
}
static void in_cancelled_timed_receive(void) {
  empty();
  in_timed_receive();
}
static void in_cancelled_send(void) {
  fill();
  in_send();
}
static void in_cancelled_timed_send(void) {
  fill();
  in_timed_send();
}
static void in_ready_send(void) {
  empty();
  in_send();
}
static void in_ready_receive(void) {
  send_one();
  in_receive();
}

static const struct point blocking[] = {POINT(cancelled_receive), POINT(cancelled_timed_receive),
                                        POINT(cancelled_send), POINT(cancelled_timed_send)};
static const struct point quick[] = {POINT(ready_send), POINT(ready_receive)};

/* Many at one queue: each message is received once. */
enum { kThreads = 10, kMessages = 200 };
static atomic_int sum;

static void* sends(void* argument) {
  for (int i = 0; i < kMessages; i++)
    if (mq_send(queue, (char*)&i, sizeof i, (unsigned)i % 3) != 0) abort();
  return argument;
}

static void* receives(void* argument) {
  char text[8];
  for (int i = 0; i < kMessages; i++) {
    int value = 0;
    if (mq_receive(queue, text, sizeof text, NULL) != sizeof value) abort();
    memcpy(&value, text, sizeof value);
    sum += value;
  }
  return argument;
}

static void pass_many(void) {
  pthread_t threads[2 * kThreads];
  for (int i = 0; i < 2 * kThreads; i++)
    if (pthread_create(&threads[i], NULL, i % 2 ? sends : receives, NULL) != 0) abort();
  for (int i = 0; i < 2 * kThreads; i++) pthread_join(threads[i], NULL);
  SAY_NUMBER(sum);
}

int main(void) {
  struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 8};
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  snprintf(name, sizeof name, "/weft-test-%d", (int)getpid());
  queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
  if (queue == (mqd_t)-1 && (errno == ENOSYS || errno == EACCES)) {
    puts("no message queues here");
    return 0;
  }
  nonblocking = mq_open(name, O_RDWR | O_NONBLOCK);
  if (queue == (mqd_t)-1 || nonblocking == (mqd_t)-1) return 1;
  mq_unlink(name);
  sem_init(&started, 0, 0);
  results();
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(receive, send_one), empty);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(timed_receive, send_one), empty);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(send, receive_one), fill);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(timed_send, receive_one), fill);
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(poll, send_one), empty);
  cancel_all(blocking, COUNT(blocking), quick, COUNT(quick));
  empty();
  pass_many();
  SAY_ERRNO(mq_close(queue));
  SAY_ERRNO(mq_close(queue));
  return 0;
}

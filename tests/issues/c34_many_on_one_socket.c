/* Eight threads accept on one listener, eight receive from one UDP socket, and eight write to one
 * stream: all of it is allowed, everything arrives, nobody starves. */
#include "check.h"

enum { kThreads = 8, kItems = 400 };

static int listener;
static int receiver;
static int taken[2][kThreads];

static void* accepts(void* argument) {
  const long me = (long)argument;
  for (;;) {
    char byte = 0;
    const int fd = accept(listener, NULL, NULL);
    CHECK(fd >= 0);
    CHECK(read(fd, &byte, 1) == 1);
    CHECK(write(fd, &byte, 1) == 1);
    close(fd);
    if (byte == 'q') return NULL;
    taken[0][me]++;
  }
}

static void* receives(void* argument) {
  const long me = (long)argument;
  for (;;) {
    char text[8];
    const ssize_t size = recv(receiver, text, sizeof text, 0);
    CHECK(size == 1 || size == 4);
    if (size == 1) return NULL;
    taken[1][me]++;
  }
}

static void* writes_lines(void* argument) {
  for (int i = 0; i < kItems / kThreads; i++) CHECK(write(*(int*)argument, "12345678", 8) == 8);
  return NULL;
}

static int sum_of(const int* counts) {
  int sum = 0;
  for (int i = 0; i < kThreads; i++) sum += counts[i];
  return sum;
}

static void ask(const struct sockaddr_in* address, char byte) {
  char answer = 0;
  const int fd = connect_to(address);
  CHECK(write(fd, &byte, 1) == 1);
  CHECK(read(fd, &answer, 1) == 1 && answer == byte);
  close(fd);
}

static void on_listener(void) {
  pthread_t threads[kThreads];
  struct sockaddr_in address;
  listener = listen_at(&address);
  for (long i = 0; i < kThreads; i++) threads[i] = start(accepts, (void*)i);
  for (int i = 0; i < kItems; i++) ask(&address, 'x');
  for (int i = 0; i < kThreads; i++) ask(&address, 'q');
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  CHECK(sum_of(taken[0]) == kItems);
}

static void on_datagrams(void) {
  pthread_t threads[kThreads];
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  receiver = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(bind(receiver, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(getsockname(receiver, (struct sockaddr*)&address, &size) == 0);
  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(connect(sender, (struct sockaddr*)&address, sizeof address) == 0);
  for (long i = 0; i < kThreads; i++) threads[i] = start(receives, (void*)i);
  for (int i = 0; i < kItems; i++) {
    CHECK(send(sender, "text", 4, 0) == 4);
    if (i % 50 == 49) nap_ms(1); /* the socket's buffer holds this many */
  }
  for (int i = 0; i < kThreads; i++) CHECK(send(sender, "q", 1, 0) == 1);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  CHECK(sum_of(taken[1]) == kItems);
}

static void on_stream(void) {
  pthread_t threads[kThreads];
  int ends[2];
  char text[8];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  for (int i = 0; i < kThreads; i++) threads[i] = start(writes_lines, &ends[0]);
  for (int i = 0; i < kItems; i++) {
    CHECK(recv(ends[1], text, sizeof text, MSG_WAITALL) == 8);
    CHECK(memcmp(text, "12345678", 8) == 0);
  }
  for (int i = 0; i < kThreads; i++) join(threads[i]);
}

int main(void) {
  alarm(20);
  on_listener();
  on_datagrams();
  on_stream();
  return 0;
}

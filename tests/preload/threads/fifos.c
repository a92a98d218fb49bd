/* fifos.c: open of a FIFO waits for its other end: results, waiting, signals, cancellation. */
#include <fcntl.h>
#include <sys/stat.h>

#include "cancel_point.h"
#include "kernel_wait.h"

static char folder[] = "fifos-XXXXXX";
static int other_end = -1;

static long opened(int fd) {
  if (fd < 0) return -1;
  close(fd);
  return 0;
}
static long opened_stream(FILE* stream) { return stream == NULL ? -1 : fclose(stream); }

static long in_open_to_read(void) { return opened(open("fifo", O_RDONLY)); }
static long in_open_to_write(void) { return opened(open("fifo", O_WRONLY)); }
static long in_openat(void) { return opened(openat(AT_FDCWD, "link", O_RDONLY)); }
static long in_creat(void) { return opened(creat("fifo", 0600)); }
static long in_fopen(void) { return opened_stream(fopen("fifo", "r")); }
static long in_fopen_to_write(void) { return opened_stream(fopen("fifo", "we")); }

/* An end that is there waits for nobody: O_RDWR is both. */
static void open_other_end(void) { other_end = open("fifo", O_RDWR); }
static void close_other_end(void) {
  if (other_end >= 0) close(other_end);
  other_end = -1;
}

static void wait_all_ways(struct kernel_wait wait) {
  void (*const ways[])(struct kernel_wait*) = {wait_in_peace, interrupt_wait, restart_wait};
  for (size_t i = 0; i < COUNT(ways); i++) {
    ways[i](&wait);
    close_other_end();
  }
}

static void results(void) {
  SAY_ERRNO(opened(open("fifo", O_RDONLY | O_NONBLOCK)));
  SAY_ERRNO(opened(open("fifo", O_WRONLY | O_NONBLOCK)));
  SAY_ERRNO(opened(open("fifo", O_RDWR)));
  SAY_ERRNO(opened(open("fifo", O_RDONLY | O_PATH)));
  SAY_ERRNO(opened(open("fifo", O_RDONLY | O_DIRECTORY)));
  SAY_ERRNO(opened(open("fifo", O_RDONLY | O_CREAT | O_EXCL, 0600)));
  SAY_ERRNO(opened(open("link", O_RDONLY | O_NOFOLLOW)));
  SAY_ERRNO(opened(open("no such file", O_RDONLY)));
  SAY_ERRNO(opened_stream(fopen("fifo", "r+")));
  SAY_ERRNO(opened_stream(fopen("no such file", "r")));
  open_other_end();
  SAY_ERRNO(in_open_to_read());
  SAY_ERRNO(in_open_to_write());
  SAY_ERRNO(in_openat());
  SAY_ERRNO(in_creat());
  SAY_ERRNO(in_fopen());
  close_other_end();
}

static void in_cancelled_open(void) { in_open_to_read(); }
static void in_cancelled_openat(void) { in_openat(); }
static void in_cancelled_creat(void) { in_creat(); }
static void in_ready_open(void) { opened(open("fifo", O_RDWR)); }

static const struct point blocking[] = {POINT(cancelled_open), POINT(cancelled_openat),
                                        POINT(cancelled_creat)};
static const struct point quick[] = {POINT(ready_open)};

/* Both ends by threads of one process. */
static void* writes(void* argument) {
  const int fd = open("fifo", O_WRONLY);
  if (write(fd, argument, 5) != 5) abort();
  close(fd);
  return NULL;
}

static void meet(void) {
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    char text[6] = "";
    if (pthread_create(&thread, NULL, writes, "hello") != 0) abort();
    const int fd = open("fifo", O_RDONLY);
    if (read(fd, text, 5) != 5 || strcmp(text, "hello") != 0) abort();
    pthread_join(thread, NULL);
    close(fd);
  }
  puts("met");
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkfifo("fifo", 0600) != 0) return 1;
  if (symlink("fifo", "link") != 0) return 1;
  sem_init(&started, 0, 0);
  results();
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(open_to_read, open_other_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(open_to_write, open_other_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(openat, open_other_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(creat, open_other_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(fopen, open_other_end));
  wait_all_ways((struct kernel_wait)KERNEL_WAIT(fopen_to_write, open_other_end));
  cancel_all(blocking, COUNT(blocking), quick, COUNT(quick));
  meet();
  unlink("fifo");
  unlink("link");
  return chdir("..") != 0 || rmdir(folder) != 0;
}

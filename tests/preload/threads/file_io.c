/* file_io.c: reading, writing and syncing regular files: results, data, cancellation. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "cancel_point.h"

static char path[] = "file-XXXXXX";
static int fd, copy, ends[2];
static char text[64];

static struct iovec part(size_t size) { return (struct iovec){text, size}; }

static void results(void) {
  struct iovec one = part(5);
  off64_t from = 2, to = 0;
  volatile int too_few = -1; /* the compiler knows */
  SAY_ERRNO(write(fd, "0123456789", 10));
  SAY_ERRNO(pwrite(fd, "abc", 3, 20));
  SAY_ERRNO(pwrite64(fd, "d", 1, -1));
  SAY_ERRNO(pwritev(fd, &one, 1, 30));
  SAY_ERRNO(pwritev64(fd, &one, 1, 40));
  SAY_ERRNO(pwritev2(fd, &one, 1, 50, 0));
  SAY_ERRNO(lseek(fd, 0, SEEK_SET));
  SAY_ERRNO(read(fd, text, 4));
  SAY_NUMBER(memcmp(text, "0123", 4));
  SAY_ERRNO(readv(fd, &one, 1));
  SAY_NUMBER(memcmp(text, "45678", 5));
  SAY_ERRNO(pread(fd, text, 64, 18));
  SAY_NUMBER(memcmp(text, "\0\0abc", 5));
  SAY_ERRNO(pread64(fd, text, 64, 1000));
  SAY_ERRNO(preadv(fd, &one, 1, 20));
  SAY_ERRNO(preadv64(fd, &one, too_few, 20));
  SAY_ERRNO(preadv2(fd, &one, 1, 20, 0));
  SAY_ERRNO(preadv2(fd, &one, 1, -1, 0));
  SAY_ERRNO(writev(fd, &one, 1));
  SAY_ERRNO(lseek(fd, 0, SEEK_CUR));
  SAY_ERRNO(fsync(fd));
  SAY_ERRNO(fdatasync(fd));
  SAY_ERRNO(syncfs(fd));
  SAY_ERRNO(sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE));
  SAY_ERRNO(ftruncate(fd, 100));
  SAY_ERRNO(ftruncate64(fd, -1));
  SAY_ERRNO(truncate(path, 200));
  SAY_ERRNO(truncate("no such file", 200));
  SAY(posix_fallocate(fd, 0, 300));
  SAY(posix_fallocate(fd, 0, -1));
  SAY(posix_fallocate64(ends[0], 0, 1));
  SAY_ERRNO(fallocate(fd, 0, 0, 400));
  SAY_ERRNO(fallocate64(fd, 0, -1, 400));
  SAY_ERRNO(lseek(fd, 0, SEEK_END));
  SAY_ERRNO(readahead(fd, 0, 100));
  SAY_ERRNO(copy_file_range(fd, &from, copy, &to, 8, 0));
  SAY_NUMBER(from);
  SAY_NUMBER(to);
  SAY_ERRNO(pread(copy, text, 64, 0));
  SAY_NUMBER(memcmp(text, "23456789", 8));
  char* const map = mmap(NULL, 400, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  map[0] = 'x';
  SAY_ERRNO(msync(map, 400, MS_SYNC));
  SAY_ERRNO(msync(map + 1, 400, MS_SYNC));
  munmap(map, 400);
  SAY_ERRNO(msync((void*)4096, 400, MS_SYNC)); /* too low for anything */
  SAY_ERRNO(pread(fd, text, 1, 0));
  SAY_NUMBER(text[0]);
}

static void on_others(void) {
  struct iovec one = part(5);
  SAY_ERRNO(pread(ends[0], text, 1, 0));
  SAY_ERRNO(pwrite(ends[1], text, 1, 0));
  SAY_ERRNO(preadv2(ends[0], &one, 1, 0, 0));
  SAY_ERRNO(fsync(ends[0]));
  SAY_ERRNO(ftruncate(ends[0], 0));
  SAY_ERRNO(pread(-1, text, 1, 0));
  SAY_ERRNO(fsync(-1));
  SAY_ERRNO(fdatasync(1000));
  SAY_ERRNO(read(-1, text, 1));
  SAY_ERRNO(copy_file_range(fd, NULL, ends[1], NULL, 1, 0));
  const int folder = open(".", O_RDONLY | O_DIRECTORY);
  SAY_ERRNO(fsync(folder));
  SAY_ERRNO(read(folder, text, 1));
  close(folder);
  const int reader = open(path, O_RDONLY);
  SAY_ERRNO(write(reader, "x", 1));
  SAY_ERRNO(pwrite(reader, "x", 1, 0));
  close(reader);
}

static void in_read(void) { (void)!read(fd, text, 1); }
static void in_write(void) { (void)!write(fd, text, 1); }
static void in_pread(void) { (void)!pread(fd, text, 1, 0); }
static void in_pwrite(void) { (void)!pwrite(fd, text, 1, 0); }
static void in_fsync(void) { fsync(fd); }
static void in_fdatasync(void) { fdatasync(fd); }
static void in_fallocate(void) { fallocate(fd, 0, 0, 10); }
static void in_copy_file_range(void) { (void)!copy_file_range(fd, NULL, copy, NULL, 0, 0); }
static void in_msync(void) { msync(NULL, 0, MS_SYNC); }
static void in_ftruncate(void) { (void)!ftruncate(fd, 400); }
static void in_posix_fallocate(void) { posix_fallocate(fd, 0, 10); }
static void in_syncfs(void) { syncfs(fd); }

static const struct point quick[] = {
    POINT(read),      POINT(write),           POINT(pread),     POINT(pwrite),
    POINT(fsync),     POINT(fdatasync),       POINT(fallocate), POINT(msync),
    POINT(ftruncate), POINT(posix_fallocate), POINT(syncfs),    POINT(copy_file_range),
};

/* Threads with a region each, and one file. */
enum { kThreads = 10, kPieces = 50 };

static void* writes(void* argument) {
  const long own = (long)(size_t)argument;
  for (long i = 0; i < kPieces; i++) {
    const long at = own * kPieces + i;
    long got = -1;
    if (pwrite(copy, &at, sizeof at, at * 8) != sizeof at) abort();
    if (i % 16 == 0 && fdatasync(copy) != 0) abort();
    if (pread(copy, &got, sizeof got, at * 8) != sizeof got || got != at) abort();
  }
  return NULL;
}

static void all_at_once(void) {
  pthread_t threads[kThreads];
  long sum = 0;
  for (size_t i = 0; i < kThreads; i++)
    if (pthread_create(&threads[i], NULL, writes, (void*)i) != 0) abort();
  for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  lseek(copy, 0, SEEK_SET);
  for (long value; read(copy, &value, sizeof value) == sizeof value;) sum += value;
  SAY_NUMBER(sum);
}

static void* all(void* argument) {
  results();
  on_others();
  return argument;
}

int main(void) {
  char copy_path[] = "copy-XXXXXX";
  pthread_t thread;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  fd = mkstemp(path);
  copy = mkstemp(copy_path);
  if (fd < 0 || copy < 0 || pipe(ends) != 0) return 1;
  sem_init(&started, 0, 0);
  if (pthread_create(&thread, NULL, all, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  cancel_all(NULL, 0, quick, COUNT(quick));
  all_at_once();
  unlink(path);
  unlink(copy_path);
  return 0;
}

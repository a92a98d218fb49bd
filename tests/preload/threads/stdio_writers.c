/* stdio_writers.c: everything that is put into a FILE arrives, in order, though the pipe, socket or
 * terminal behind it is full again and again; and what its errors look like. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "ends.h"
#include "say.h"

int putw(int word, FILE* stream);
int __fprintf_chk(FILE* stream, int flag, const char* format, ...);
int __dprintf_chk(int fd, int flag, const char* format, ...);

enum { kText = 300000 };

static FILE* output;
static char text[kText + 1];

static void open_terminal(void) {
  ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
  if (ends[0] == -1 || grantpt(ends[0]) != 0 || unlockpt(ends[0]) != 0) abort();
  ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
}

/* Reads until the end, slowly at first. Its result: what came, as a number and a sum. */
struct arrived {
  long bytes;
  unsigned long sum;
};

static void* drain(void* argument) {
  struct arrived* arrived = argument;
  unsigned char piece[8192];
  usleep(5000);
  for (long got = 1, i = 0; (got = read(ends[0], piece, sizeof piece)) > 0; i++) {
    for (long at = 0; at < got; at++) arrived->sum = arrived->sum * 31 + piece[at];
    arrived->bytes += got;
    if (i % 16 == 0) usleep(1000);
  }
  return NULL;
}

/* -- what puts -- */

static void in_fwrite(void) {
  SAY_NUMBER(fwrite("begin", 1, 5, output));
  SAY_NUMBER(fwrite(text, 3, kText / 3, output));
  SAY_NUMBER(fwrite("end", 1, 3, output));
}

static void in_fputs(void) {
  SAY_NUMBER(fputs("begin", output) >= 0);
  SAY_NUMBER(fputs(text, output) >= 0);
  SAY_NUMBER(fputs("end\n", output) >= 0);
}

static void in_fputc(void) {
  long failed = 0;
  for (int i = 0; i < 100000; i++) failed += fputc(text[i], output) != (unsigned char)text[i];
  SAY_NUMBER(failed);
}

static void in_unlocked(void) {
  flockfile(output);
  for (int i = 0; i < 100000; i++) putc_unlocked(text[i], output);
  SAY_NUMBER(fwrite_unlocked(text, 1, 100, output));
  SAY_NUMBER(fputs_unlocked("end", output) >= 0);
  SAY_NUMBER(fflush_unlocked(output));
  funlockfile(output);
}

static void in_fprintf(void) {
  long put = 0;
  for (int i = 0; i < 10000; i++) put += fprintf(output, "%d %s\n", i, "words");
  put += __fprintf_chk(output, 1, "%.*s", 20000, text);
  SAY_NUMBER(put);
}

static void in_putw(void) {
  long failed = 0;
  for (int i = 0; i < 30000; i++) failed += putw(i, output) != 0;
  SAY_NUMBER(failed);
}

static void in_fwprintf(void) {
  long put = 0;
  for (int i = 0; i < 10000; i++) put += fwprintf(output, L"%d %ls\n", i, L"w\u00f6rter");
  SAY_NUMBER(put);
  SAY_NUMBER(fputwc(L'\u20ac', output));
  SAY_NUMBER(fputws(L"end", output) >= 0);
}

static void in_dprintf(void) {
  long put = 0;
  fflush(output);
  for (int i = 0; i < 3000; i++) put += dprintf(ends[1], "%d %s\n", i, "words");
  put += dprintf(ends[1], "%s", text);
  put += __dprintf_chk(ends[1], 1, "%.*s", 1023, text);
  put += __dprintf_chk(ends[1], 1, "%.*s", 1024, text);
  put += dprintf(ends[1], "%s", "");
  SAY_NUMBER(put);
}

/* Some of each, and a buffer that is larger than what the pipe takes at once. */
static void in_all(void) {
  for (int i = 0; i < 30; i++) {
    fwrite(text, 1, (size_t)i * 500, output);
    fprintf(output, "%.*s\n", i * 100, text);
    fputs("some more", output);
    fputc('\n', output);
  }
  SAY_NUMBER(fflush(output));
  SAY_NUMBER(fflush(NULL));
}

static void put(const char* name, void (*open_ends)(void), void (*body)(void), int mode,
                size_t size) {
  struct arrived arrived = {0, 0};
  pthread_t reader;
  printf("--- %s\n", name);
  open_ends();
  output = fdopen(ends[1], "w");
  char* const buffer = size > 0 ? malloc(size) : NULL;
  if (mode != -1 && setvbuf(output, buffer, mode, size) != 0) abort();
  if (pthread_create(&reader, NULL, drain, &arrived) != 0) abort();
  body();
  SAY_NUMBER(ferror(output));
  SAY_NUMBER(fclose(output));
  pthread_join(reader, NULL);
  printf("%ld bytes, sum %lx\n", arrived.bytes, arrived.sum);
  close(ends[0]);
  free(buffer);
}

#define PUT(open, body) put(#open ", " #body, open, body, -1, 0)
#define PUT_BUFFERED(open, body, mode, size) \
  put(#open ", " #mode " of " #size ", " #body, open, body, mode, size)

static void put_all(void) {
  PUT(open_pipe, in_fwrite);
  PUT(open_socket, in_fwrite);
  PUT(open_pipe, in_fputs);
  PUT(open_pipe, in_fputc);
  PUT(open_pipe, in_unlocked);
  PUT(open_socket, in_fprintf);
  PUT(open_pipe, in_putw);
  PUT(open_pipe, in_fwprintf);
  PUT(open_pipe, in_dprintf);
  PUT(open_socket, in_dprintf);
  PUT(open_pipe, in_all);
  PUT_BUFFERED(open_pipe, in_all, _IONBF, 0);
  PUT_BUFFERED(open_pipe, in_all, _IOLBF, 4096);
  PUT_BUFFERED(open_socket, in_all, _IOFBF, 100000);
  PUT_BUFFERED(open_pipe, in_fwrite, _IOFBF, 200000);
  PUT_BUFFERED(open_pipe, in_fwrite, _IONBF, 0);
  PUT(open_terminal, in_fprintf);
  PUT(open_terminal, in_fputs);
}

/* -- errors -- */

static void fill(void) {
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], text, 4096) > 0) continue;
  while (write(ends[1], text, 1) > 0) continue;
  fcntl(ends[1], F_SETFL, 0);
}

static void say_result(const char* call, long result) {
  printf("%s: %ld, %s; error %d\n", call, result, error_name(result < 0 ? errno : 0),
         !!ferror(output));
}

static void no_reader(void (*open_ends)(void)) {
  open_ends();
  output = fdopen(ends[1], "w");
  close(ends[0]);
  say_result("fputs", fputs("text", output));
  say_result("fflush", fflush(output));
  clearerr(output);
  say_result("fwrite", (long)fwrite(text, 1, kText, output));
  clearerr(output);
  say_result("dprintf", dprintf(ends[1], "text"));
  setvbuf(output, NULL, _IONBF, 0);
  say_result("fprintf", fprintf(output, "text"));
  fputs("more", output);
  SAY_ERRNO(fclose(output));
}

static void bad_descriptors(void) {
  const int fd = open("/dev/null", O_RDONLY);
  errno = 0;
  SAY_ERRNO(dprintf(-1, "text"));
  SAY_ERRNO(dprintf(fd, "text"));
  close(fd);
  SAY_ERRNO(dprintf(fd, "text"));
  output = fopen("/dev/null", "r");
  say_result("fputc", fputc('x', output));
  say_result("puts", fputs("x", output));
  fclose(output);
  output = fopen("/dev/full", "w");
  say_result("fputs", fputs("x", output) < 0);
  say_result("fflush", fflush(output));
  SAY_ERRNO(fclose(output));
}

static void handle(int signal) { (void)signal; }

static sem_t waiting;
static volatile int ended;

static void* flush_full(void* unused) {
  say_result("fputs", fputs("text", output) < 0);
  sem_post(&waiting);
  say_result("fflush", fflush(output));
  ended = 1;
  return unused;
}

static void* end_full(void* unused) {
  fputs("text", output);
  sem_post(&waiting);
  SAY_NUMBER(fclose(output));
  return unused;
}

static void* print_full(void* unused) {
  sem_post(&waiting);
  SAY_NUMBER(dprintf(ends[1], "text"));
  ended = 1;
  return unused;
}

/* Starts body() behind a full pipe: a signal is for it, then the pipe is drained. */
static void behind_full(const char* name, void* (*body)(void*), int signal) {
  struct arrived arrived = {0, 0};
  pthread_t writer, reader;
  printf("--- a full pipe: %s\n", name);
  open_pipe();
  fill();
  ended = 0;
  output = fdopen(ends[1], "w");
  if (pthread_create(&writer, NULL, body, NULL) != 0) abort();
  sem_wait(&waiting);
  usleep(10000);
  if (signal == SIGUSR2) pthread_kill(writer, signal);
  while (signal == SIGUSR1 && !ended) {
    pthread_kill(writer, signal);
    usleep(5000);
  }
  if (pthread_create(&reader, NULL, drain, &arrived) != 0) abort();
  pthread_join(writer, NULL);
  if (body != end_full) fclose(output);
  pthread_join(reader, NULL);
  printf("%ld bytes\n", arrived.bytes);
  close(ends[0]);
}

static void* cancelled_flush(void* unused) {
  fputs("text", output);
  sem_post(&waiting);
  fflush(output);
  puts("fflush returned");
  return unused;
}

static void cancel(void) {
  pthread_t writer;
  void* result = NULL;
  puts("--- cancelled");
  open_pipe();
  fill();
  output = fdopen(ends[1], "w");
  if (pthread_create(&writer, NULL, cancelled_flush, NULL) != 0) abort();
  sem_wait(&waiting);
  usleep(10000);
  pthread_cancel(writer);
  pthread_join(writer, &result);
  SAY_NUMBER(result == PTHREAD_CANCELED);
  SAY_NUMBER(ftrylockfile(output));
  close(ends[0]);
}

static void* cancelled_setvbuf(void* unused) {
  fputs("text", output);
  pthread_cancel(pthread_self());
  setvbuf(output, NULL, _IONBF, 0); /* writes */
  pthread_testcancel();
  return unused;
}

static void cancel_setvbuf(void) {
  pthread_t writer;
  void* result = NULL;
  puts("--- setvbuf in a thread that is to end");
  open_pipe();
  output = fdopen(ends[1], "w");
  if (pthread_create(&writer, NULL, cancelled_setvbuf, NULL) != 0) abort();
  pthread_join(writer, &result);
  SAY_NUMBER(result == PTHREAD_CANCELED);
  SAY_NUMBER(fclose(output));
  close(ends[0]);
}

static void non_blocking(void) {
  puts("--- non-blocking");
  open_pipe();
  fill();
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  output = fdopen(ends[1], "w");
  say_result("fputs", fputs("text", output) < 0);
  say_result("fflush", fflush(output));
  say_result("dprintf", dprintf(ends[1], "text"));
  close(ends[0]);
}

/* What has room in the buffer does not wait, however full the pipe is. */
static void* put_into_buffer(void* unused) {
  output = fdopen(ends[1], "w");
  SAY_NUMBER(fputs("text", output) >= 0);
  for (int i = 4; i < 4000; i++) fputc('x', output);
  SAY_NUMBER(fprintf(output, "%d lines, %s\n", 5, "about"));
  SAY_NUMBER(fwrite(text, 1, 60, output));
  SAY_NUMBER(__fpending(output));
  SAY_NUMBER(fwrite(text, 1, 4096 - __fpending(output), output));
  SAY_NUMBER(__fpending(output));
  __fpurge(output);
  SAY_NUMBER(fclose(output));
  output = fdopen(dup(ends[0]), "r");
  say_result("fputs to what is read", fputs("text", output));
  setvbuf(output, NULL, _IONBF, 0);
  say_result("fprintf to what is read", fprintf(output, "text"));
  fclose(output);
  return unused;
}

static void buffer_only(void) {
  pthread_t writer;
  puts("--- room in the buffer");
  open_pipe();
  fill();
  if (pthread_create(&writer, NULL, put_into_buffer, NULL) != 0) abort();
  pthread_join(writer, NULL);
  close(ends[0]);
}

int main(void) {
  setlocale(LC_ALL, "C.UTF-8");
  signal(SIGPIPE, SIG_IGN);
  sem_init(&waiting, 0, 0);
  for (int i = 0; i < kText; i++) text[i] = (char)(i % 61 == 60 ? '\n' : 'A' + i % 57);
  put_all();
  puts("--- errors");
  no_reader(open_pipe);
  no_reader(open_socket);
  bad_descriptors();
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handle}, NULL);
  sigaction(SIGUSR2, &(struct sigaction){.sa_handler = handle, .sa_flags = SA_RESTART}, NULL);
  behind_full("fflush", flush_full, 0);
  behind_full("fflush, a handler without SA_RESTART", flush_full, SIGUSR1);
  behind_full("fflush, a handler with SA_RESTART", flush_full, SIGUSR2);
  behind_full("fclose", end_full, 0);
  behind_full("dprintf", print_full, 0);
  behind_full("dprintf, a handler without SA_RESTART", print_full, SIGUSR1);
  cancel();
  cancel_setvbuf();
  non_blocking();
  buffer_only();
  return 0;
}

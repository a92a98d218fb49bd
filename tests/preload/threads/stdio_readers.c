/* stdio_readers.c: what stdio returns of bytes that come in pieces, with pauses, over pipes,
 * sockets and a terminal; and what handlers, closes and cancellation do to a call that waits. */
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "ends.h"
#include "say.h"

int getw(FILE* stream);
int __uflow(FILE* stream);
char* __fgets_chk(char* line, size_t room, int n, FILE* stream);
size_t __fread_chk(void* data, size_t room, size_t size, size_t n, FILE* stream);

static FILE* input;

/* Lines come when they are whole. */
static void open_terminal(void) {
  ends[1] = posix_openpt(O_RDWR | O_NOCTTY);
  if (ends[1] == -1 || grantpt(ends[1]) != 0 || unlockpt(ends[1]) != 0) abort();
  ends[0] = open(ptsname(ends[1]), O_RDWR | O_NOCTTY);
  struct termios modes;
  if (tcgetattr(ends[0], &modes) != 0) abort();
  modes.c_lflag &= ~(tcflag_t)ECHO;
  tcsetattr(ends[0], TCSANOW, &modes);
}

/* Sends pieces: one a pause. A null ends the stream; a terminal's ends by ^D, and is closed when
 * that has been read. */
static void* feed(void* pieces) {
  const char** piece = pieces;
  for (; *piece != NULL; piece++) {
    usleep(3000);
    if (write(ends[1], *piece, strlen(*piece)) < 0) abort();
  }
  usleep(3000);
  if (!isatty(ends[1])) close(ends[1]);
  return NULL;
}

static void say_flags(void) { printf("  eof %d, error %d\n", !!feof(input), !!ferror(input)); }

static void say_text(const char* call, long result, const char* text) {
  printf("%s: %ld '", call, result);
  for (; text != NULL && *text != '\0'; text++) printf(*text == '\n' ? "\\n" : "%c", *text);
  printf("', %s\n", error_name(result == -1 ? errno : 0));
  say_flags();
}

static void by_getline(void) {
  char* line = NULL;
  size_t room = 0;
  for (long length = 0; length != -1;) {
    errno = 0;
    length = getline(&line, &room, input);
    say_text("getline", length, length == -1 ? NULL : line);
  }
  errno = 0;
  SAY_ERRNO(getline(&line, &room, input)); /* the end stays */
  free(line);
}

static void by_getdelim(void) {
  char* word = NULL;
  size_t room = 0;
  for (long length = 0; length != -1;) {
    errno = 0;
    length = getdelim(&word, &room, ' ', input);
    say_text("getdelim", length, length == -1 ? NULL : word);
  }
  free(word);
  SAY_ERRNO(getdelim(NULL, &room, ' ', input));
}

static void by_fgets(void) {
  char line[8];
  for (char* got = line; got != NULL;) {
    errno = 0;
    got = fgets(line, sizeof line, input);
    say_text("fgets", got == NULL ? -1 : (long)strlen(line), got);
  }
}

static void by_checked_fgets(void) {
  char line[64];
  for (char* got = line; got != NULL;) {
    got = __fgets_chk(line, sizeof line, sizeof line, input);
    say_text("fgets_chk", got == NULL ? -1 : (long)strlen(line), got);
  }
}

static void by_getc(void) {
  for (int c = 0; c != EOF;) {
    c = getc(input);
    printf("getc: %d\n", c);
    if (c == 'c' && ungetc('d', input) == 'd') printf("  ungetc, fgetc: %d\n", fgetc(input));
  }
  say_flags();
}

static void by_unlocked(void) {
  flockfile(input);
  SAY_NUMBER(__uflow(input));
  for (int c = 0; c != EOF;) {
    c = getc_unlocked(input);
    printf("getc_unlocked: %d\n", c);
  }
  funlockfile(input);
  say_flags();
}

static void by_fread(void) {
  char data[7] = "";
  for (size_t items = 3; items == 3;) {
    memset(data, 0, sizeof data);
    items = fread(data, 2, 3, input);
    say_text("fread", (long)items, data);
  }
  SAY_NUMBER(__fread_chk(data, sizeof data, 1, sizeof data, input));
  SAY_NUMBER(getw(input));
}

static void by_fscanf(void) {
  int number = 0;
  char word[16] = "";
  int used = 0;
  SAY_NUMBER(fscanf(input, "%d%n", &number, &used));
  printf("  %d, %d bytes\n", number, used);
  SAY_NUMBER(fscanf(input, " %15[a-z] ", word));
  printf("  '%s'\n", word);
  SAY_NUMBER(getc(input));
  SAY_NUMBER(fscanf(input, "%d", &number)); /* what does not match stays */
  SAY_NUMBER(getc(input));
  for (int result = 0; result != EOF;) {
    word[0] = '\0';
    result = fscanf(input, "%15s", word);
    say_text("fscanf", result, word);
  }
}

static void by_wide(void) {
  wchar_t line[16];
  SAY_NUMBER(fgetwc(input));
  SAY_NUMBER(fwide(input, 0) > 0);
  while (fgetws(line, 16, input) != NULL) {
    printf("fgetws:");
    for (const wchar_t* c = line; *c != L'\0'; c++) printf(" %d", (int)*c);
    puts("");
  }
  SAY_NUMBER(getc(input));
  say_flags();
}

static void read_pieces(const char* name, void (*read)(void), void (*open_ends)(void),
                        const char** pieces, int mode) {
  pthread_t feeder;
  printf("--- %s\n", name);
  open_ends();
  input = fdopen(ends[0], "r");
  if (input == NULL || (mode != -1 && setvbuf(input, NULL, mode, 0) != 0)) abort();
  if (pthread_create(&feeder, NULL, feed, pieces) != 0) abort();
  read();
  pthread_join(feeder, NULL);
  if (open_ends == open_terminal) close(ends[1]);
  SAY_NUMBER(fclose(input));
}

#define READ(open, read, ...) \
  read_pieces(#open ", " #read, read, open, (const char*[]){__VA_ARGS__, NULL}, -1)
#define READ_UNBUFFERED(open, read, ...) \
  read_pieces(#open ", unbuffered, " #read, read, open, (const char*[]){__VA_ARGS__, NULL}, _IONBF)

static void read_all(void) {
  READ(open_pipe, by_getline, "one\ntw", "o\n", "th", "re", "e");
  READ(open_socket, by_getline, "one\n", "\n", "two");
  READ(open_pipe, by_getdelim, "a b", "c d", " ", "e");
  READ(open_pipe, by_fgets, "short\n", "longer th", "an room\n", "end");
  READ(open_socket, by_fgets, "sh", "ort\nlonger than room");
  READ(open_pipe, by_checked_fgets, "li", "ne\n", "end");
  READ(open_pipe, by_getc, "abc", "d\n");
  READ(open_socket, by_unlocked, "ab", "c");
  READ(open_pipe, by_fread, "123", "456", "12", "3456", "7");
  READ(open_socket, by_fread, "1234561", "23456", "12345");
  READ(open_pipe, by_fscanf, "12", "3 ", "wo", "rd  ", "x", "y", "z one", "two thr", "ee");
  READ(open_socket, by_fscanf, "7 a b", "c 1");
  READ(open_pipe, by_wide, "\xc3\xa4", "b\nc", "\xe2\x82\xac\nd");
  READ_UNBUFFERED(open_pipe, by_getline, "one\ntw", "o\n");
  READ_UNBUFFERED(open_socket, by_fread, "123", "4567");
  READ_UNBUFFERED(open_pipe, by_fscanf, "12", "3 ab", " c", "7");
  READ(open_terminal, by_getline, "one\ntw", "o\n", "\004");
  READ(open_terminal, by_fgets, "edi", "x\177t\n", "long line of the terminal\n", "\004");
  READ(open_terminal, by_fscanf, "12", "3\n word\n", "x 5 ", "6\n", "\004");
}

/* Large items pass the buffer. */
static void* feed_bytes(void* unused) {
  char bytes[1000];
  memset(bytes, 'b', sizeof bytes);
  for (int i = 0; i < 300; i++) {
    if (i % 60 == 0) usleep(2000);
    if (write(ends[1], bytes, sizeof bytes) != sizeof bytes) abort();
  }
  close(ends[1]);
  return unused;
}

static void read_many_bytes(void (*open_ends)(void)) {
  static char bytes[400000];
  pthread_t feeder;
  open_ends();
  input = fdopen(ends[0], "r");
  if (pthread_create(&feeder, NULL, feed_bytes, NULL) != 0) abort();
  SAY_NUMBER(getc(input));
  SAY_NUMBER(fread(bytes, 10, 20000, input));
  SAY_NUMBER(fread(bytes, 1, sizeof bytes, input));
  say_flags();
  pthread_join(feeder, NULL);
  fclose(input);
}

/* -- handlers -- */

static void handle(int signal) { (void)signal; }

static sem_t waiting;
static volatile int ended;

/* The first call is interrupted, the second is not. */
static void* get_one_line(void* unused) {
  sigset_t signals;
  char* line = NULL;
  size_t room = 0;
  sem_post(&waiting);
  errno = 0;
  const long length = getline(&line, &room, input);
  const int error = errno;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  ended = 1;
  errno = error;
  say_text("getline", length, length == -1 ? NULL : line);
  clearerr(input);
  if (length == -1) {
    errno = 0;
    say_text("again", getline(&line, &room, input), line);
  }
  free(line);
  return unused;
}

static void interrupt(int flags) {
  pthread_t reader;
  printf("--- a handler %s SA_RESTART\n", flags == 0 ? "without" : "with");
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handle, .sa_flags = flags}, NULL);
  open_pipe();
  ended = 0;
  input = fdopen(ends[0], "r");
  if (pthread_create(&reader, NULL, get_one_line, NULL) != 0) abort();
  sem_wait(&waiting);
  usleep(10000);
  do {
    pthread_kill(reader, SIGUSR1);
    usleep(10000);
  } while (flags == 0 && !ended);
  if (write(ends[1], "late\n", 5) != 5) abort();
  pthread_join(reader, NULL);
  close(ends[1]);
  fclose(input);
}

/* -- cancellation -- */

static void say_cancelled(void* what) { printf("  cancelled in %s\n", (const char*)what); }

static void* cancelled_fgets(void* unused) {
  char line[64];
  pthread_cleanup_push(say_cancelled, "fgets");
  sem_post(&waiting);
  if (fgets(line, sizeof line, input) != NULL) puts("fgets returned");
  pthread_cleanup_pop(0);
  return unused;
}

static void* cancelled_fscanf(void* unused) {
  int number = 0;
  pthread_cleanup_push(say_cancelled, "fscanf");
  sem_post(&waiting);
  printf("fscanf returned %d\n", fscanf(input, "%d", &number));
  pthread_cleanup_pop(0);
  return unused;
}

static void cancel(void* (*body)(void*)) {
  pthread_t reader;
  void* result = NULL;
  open_socket();
  input = fdopen(ends[0], "r");
  if (write(ends[1], "12", 2) != 2) abort();
  if (pthread_create(&reader, NULL, body, NULL) != 0) abort();
  sem_wait(&waiting);
  usleep(10000);
  pthread_cancel(reader);
  pthread_join(reader, &result);
  SAY_NUMBER(result == PTHREAD_CANCELED);
  SAY_NUMBER(ftrylockfile(input)); /* it left nothing locked */
  funlockfile(input);
  close(ends[1]);
  fclose(input);
}

/* -- flags of the descriptor -- */

static void non_blocking(void) {
  char line[16] = "";
  open_pipe();
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  input = fdopen(ends[0], "r");
  errno = 0;
  SAY_NUMBER(getc(input));
  SAY(errno);
  say_flags();
  clearerr(input);
  if (write(ends[1], "part", 4) != 4) abort();
  SAY_NUMBER(fgets(line, sizeof line, input) != NULL); /* EAGAIN is for the next call */
  printf("'%s'\n", line);
  fclose(input);
  close(ends[1]);
}

static void timed_socket(void) {
  open_socket();
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
  input = fdopen(ends[0], "r");
  errno = 0;
  SAY_NUMBER(getc(input));
  SAY(errno);
  say_flags();
  fclose(input);
  close(ends[1]);
}

/* -- a prompt -- */

static void* answer(void* unused) {
  char question[32] = "";
  const long length = read(ends[1], question, sizeof question);
  printf("the other end read %ld '%s'\n", length, question);
  if (write(ends[1], "answer\n", 7) != 7) abort();
  return unused;
}

/* What was put into a FILE goes out before one waits for what comes from it. */
static void ask(void) {
  char line[32] = "";
  pthread_t other;
  open_socket();
  FILE* both = fdopen(ends[0], "r+");
  if (pthread_create(&other, NULL, answer, NULL) != 0) abort();
  fputs("question", both);
  SAY_NUMBER(fgets(line, sizeof line, both) != NULL);
  printf("'%s'\n", line);
  pthread_join(other, NULL);
  fclose(both);
  close(ends[1]);
}

static void* idle(void* unused) {
  sem_wait(&waiting);
  return unused;
}

int main(void) {
  pthread_t other;
  setlocale(LC_ALL, "C.UTF-8");
  sem_init(&waiting, 0, 0);
  read_all();
  puts("--- many bytes");
  read_many_bytes(open_pipe);
  read_many_bytes(open_socket);
  interrupt(0);
  interrupt(SA_RESTART);
  puts("--- cancelled");
  cancel(cancelled_fgets);
  cancel(cancelled_fscanf);
  if (pthread_create(&other, NULL, idle, NULL) != 0) abort();
  puts("--- flags");
  non_blocking();
  timed_socket();
  puts("--- a question");
  ask();
  sem_post(&waiting);
  pthread_join(other, NULL);
  return 0;
}

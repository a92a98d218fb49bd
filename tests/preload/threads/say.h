/* say.h: what a differential program prints: each call and what it returned, by name. */
#ifndef WEFT_TESTS_SAY_H
#define WEFT_TESTS_SAY_H
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char* strerrorname_np(int error); /* glibc 2.32; declared under _GNU_SOURCE only */

static inline const char* error_name(int error) {
  const char* name = error == 0 ? "0" : strerrorname_np(error);
  return name != NULL ? name : "an unknown error";
}

/* For calls that return an error number. */
#define SAY(call) printf("%s: %s\n", #call, error_name(call))

/* For calls that return -1 and set errno. */
#define SAY_ERRNO(call)                                 \
  do {                                                  \
    errno = 0;                                          \
    long say_result = (long)(call);                     \
    if (say_result == -1)                               \
      printf("%s: -1, %s\n", #call, error_name(errno)); \
    else                                                \
      printf("%s: %ld\n", #call, say_result);           \
  } while (0)

/* For anything else that is a number. */
#define SAY_NUMBER(expression) printf("%s: %ld\n", #expression, (long)(expression))

static inline long now_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A moment `ms` from now, which may be negative. */
static inline struct timespec in_ms(clockid_t clock, long ms) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_sec += ms / 1000;
  t.tv_nsec += ms % 1000 * 1000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  if (t.tv_nsec < 0) {
    t.tv_sec--;
    t.tv_nsec += 1000000000;
  }
  return t;
}

#endif

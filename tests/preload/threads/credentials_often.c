/* credentials_often.c: threads set the groups again and again. The kernel threads that do it for
 * them come and go meanwhile: libc must not take the end of one for the end of the program. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "say.h"

enum { kThreads = 3, kTimes = 1500 };

static atomic_int done;

static void* sets(void* argument) {
  for (int i = 0; i < kTimes; ++i) {
    if (setresgid((gid_t)-1, (gid_t)-1, (gid_t)-1) == 0) ++done;
  }
  return argument;
}

int main(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, sets, NULL);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  SAY_NUMBER(done);
  return 0;
}

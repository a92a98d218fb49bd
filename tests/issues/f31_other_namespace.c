/* Threads use a library in a namespace of its own, by dlmopen, whose libc is another copy: it is
 * not replaced, and works as natively. */
#include <dlfcn.h>

#include "check.h"

enum { kThreads = 20, kRounds = 10 };

typedef int Text(int number, char* text, size_t size);
static Text* text_of;

static void* uses(void* number) {
  char text[64];
  char expected[64];
  for (int i = 1; i <= kRounds; i++) {
    errno = 42;
    CHECK(text_of((int)(long)number, text, sizeof text) == 0);
    CHECK(errno == 42); /* the other libc has its own */
    snprintf(expected, sizeof expected, "%d -1 1 %d", (int)(long)number, i);
    CHECK(strcmp(text, expected) == 0);
    nap_ms(1);
  }
  return NULL;
}

static void* waits_for_it(void* number) {
  while (__atomic_load_n(&text_of, __ATOMIC_ACQUIRE) == NULL) nap_ms(1);
  return uses(number);
}

int main(int count, char** words) {
  pthread_t threads[kThreads + 1];
  alarm(30);
  CHECK(count == 2);
  threads[kThreads] = start(waits_for_it, (void*)(long)kThreads); /* begun before it is loaded */
  nap_ms(5);
  void* const library = dlmopen(LM_ID_NEWLM, words[1], RTLD_NOW);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library != NULL);
  Lmid_t namespace = LM_ID_BASE;
  CHECK(dlinfo(library, RTLD_DI_LMID, &namespace) == 0);
  CHECK(namespace != LM_ID_BASE);
  Text* found = NULL;
  void* const symbol = dlsym(library, "f31_text");
  memcpy(&found, &symbol, sizeof found);
  CHECK(found != NULL);
  __atomic_store_n(&text_of, found, __ATOMIC_RELEASE);
  for (long i = 0; i < kThreads; i++) threads[i] = start(uses, (void*)i);
  for (int i = 0; i <= kThreads; i++) join(threads[i]);
  expect_echo_works();
  return 0;
}

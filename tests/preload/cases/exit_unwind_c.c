/* pthread_exit runs the handlers of pthread_cleanup_push in C, the last one first. */
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void say(void* text) { puts(text); }
static void unlock(void* held) { pthread_mutex_unlock(held); }

static void leave(void) {
  pthread_cleanup_push(say, "second handler");
  pthread_exit("left");
  pthread_cleanup_pop(0);
}

static void* exits(void* unused) {
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  pthread_cleanup_push(say, "first handler");
  leave();
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return unused;
}

static void* destructor_key_user(void* key) {
  pthread_setspecific(*(pthread_key_t*)key, "key destructor");
  pthread_exit(NULL);
}

int main(void) {
  pthread_t thread;
  pthread_key_t key;
  void* result = NULL;
  if (pthread_key_create(&key, say) != 0) return 1;

  pthread_create(&thread, NULL, exits, NULL);
  pthread_join(thread, &result);
  printf("%s, lock %s\n", (char*)result, pthread_mutex_trylock(&mutex) == 0 ? "free" : "held");

  pthread_create(&thread, NULL, destructor_key_user, &key);
  pthread_join(thread, NULL);
  return 0;
}

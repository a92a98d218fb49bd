/* Locks with static initialisers, taken in a constructor of a library, before main. */
#include <pthread.h>

extern pthread_mutex_t c13_plain;
extern pthread_mutex_t c13_recursive;
extern pthread_cond_t c13_condition;

pthread_mutex_t c13_plain = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t c13_recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
pthread_cond_t c13_condition = PTHREAD_COND_INITIALIZER;

__attribute__((constructor)) static void before_main(void) {
  pthread_mutex_lock(&c13_plain);
  pthread_mutex_lock(&c13_recursive);
  pthread_mutex_lock(&c13_recursive);
}

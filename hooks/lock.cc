// lock.cc: mutexes, conditions, read-write locks, semaphores, barriers and what C11 calls them, as
// a table.
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#include <cerrno>

#include "hooks/active.h"
#include "hooks/c11.h"
#include "hooks/real.h"
#include "hooks/sync/sync.h"
#include "hooks/wait.h"

namespace weft::hooks {

namespace {

const TimePoint kNever(CLOCK_MONOTONIC, nullptr);

TimePoint at(clockid_t clock, const timespec* until) { return {clock, until}; }

// The group is on for all of these or for none: a mutex of ours and a condition of libc's do not
// mix.
template <class Ours, class Next>
int either(Ours ours, Next next) {
  return is_on(Group::kSync) ? ours() : next();
}

// sem_wait and its kind say -1 and errno.
template <class Ours, class Next>
int either_errno(Ours ours, Next next) {
  return is_on(Group::kSync) ? static_cast<int>(to_libc(-ours())) : next();
}

pthread_mutex_t* as_posix(mtx_t* m) { return reinterpret_cast<pthread_mutex_t*>(m); }
pthread_cond_t* as_posix(cnd_t* c) { return reinterpret_cast<pthread_cond_t*>(c); }

}  // namespace

#define OURS(expression) [=] { return sync::expression; }
#define NEXT(expression) [=] { return real::expression; }

// clang-format off
extern "C" {
// symbol, signature                                                                                       ours                                            next definition
int pthread_mutex_lock        (pthread_mutex_t* m)                                          { return either(OURS(lock(m)),                                 NEXT(pthread_mutex_lock(m))); }
int pthread_mutex_trylock     (pthread_mutex_t* m)                                          { return either(OURS(try_lock(m)),                             NEXT(pthread_mutex_trylock(m))); }
int pthread_mutex_timedlock   (pthread_mutex_t* m, const timespec* t)                       { return either(OURS(lock(m, at(CLOCK_REALTIME, t))),          NEXT(pthread_mutex_timedlock(m, t))); }
int pthread_mutex_clocklock   (pthread_mutex_t* m, clockid_t c, const timespec* t)          { return either(OURS(lock(m, at(c, t))),                       NEXT(pthread_mutex_clocklock(m, c, t))); }
int pthread_mutex_unlock      (pthread_mutex_t* m)                                          { return either(OURS(unlock(m)),                               NEXT(pthread_mutex_unlock(m))); }
int pthread_cond_wait         (pthread_cond_t* v, pthread_mutex_t* m)                       { return either(OURS(wait(v, m, kNever)),                      NEXT(pthread_cond_wait(v, m))); }
int pthread_cond_timedwait    (pthread_cond_t* v, pthread_mutex_t* m, const timespec* t)    { return either(OURS(wait(v, m, at(sync::clock_of(v), t))),    NEXT(pthread_cond_timedwait(v, m, t))); }
int pthread_cond_clockwait    (pthread_cond_t* v, pthread_mutex_t* m, clockid_t c, const timespec* t) { return either(OURS(wait(v, m, at(c, t))),          NEXT(pthread_cond_clockwait(v, m, c, t))); }
int pthread_cond_signal       (pthread_cond_t* v)                                           { return either(OURS(signal(v)),                               NEXT(pthread_cond_signal(v))); }
int pthread_cond_broadcast    (pthread_cond_t* v)                                           { return either(OURS(broadcast(v)),                            NEXT(pthread_cond_broadcast(v))); }
int pthread_rwlock_rdlock     (pthread_rwlock_t* l)                                         { return either(OURS(read_lock(l, kNever)),                    NEXT(pthread_rwlock_rdlock(l))); }
int pthread_rwlock_wrlock     (pthread_rwlock_t* l)                                         { return either(OURS(write_lock(l, kNever)),                   NEXT(pthread_rwlock_wrlock(l))); }
int pthread_rwlock_tryrdlock  (pthread_rwlock_t* l)                                         { return either(OURS(try_read_lock(l)),                        NEXT(pthread_rwlock_tryrdlock(l))); }
int pthread_rwlock_trywrlock  (pthread_rwlock_t* l)                                         { return either(OURS(try_write_lock(l)),                       NEXT(pthread_rwlock_trywrlock(l))); }
int pthread_rwlock_timedrdlock(pthread_rwlock_t* l, const timespec* t)                      { return either(OURS(read_lock(l, at(CLOCK_REALTIME, t))),     NEXT(pthread_rwlock_timedrdlock(l, t))); }
int pthread_rwlock_timedwrlock(pthread_rwlock_t* l, const timespec* t)                      { return either(OURS(write_lock(l, at(CLOCK_REALTIME, t))),    NEXT(pthread_rwlock_timedwrlock(l, t))); }
int pthread_rwlock_clockrdlock(pthread_rwlock_t* l, clockid_t c, const timespec* t)         { return either(OURS(read_lock(l, at(c, t))),                  NEXT(pthread_rwlock_clockrdlock(l, c, t))); }
int pthread_rwlock_clockwrlock(pthread_rwlock_t* l, clockid_t c, const timespec* t)         { return either(OURS(write_lock(l, at(c, t))),                 NEXT(pthread_rwlock_clockwrlock(l, c, t))); }
int pthread_rwlock_unlock     (pthread_rwlock_t* l)                                         { return either(OURS(unlock(l)),                               NEXT(pthread_rwlock_unlock(l))); }
int sem_wait                  (sem_t* s)                                                    { return either_errno(OURS(wait(s, kNever)),                   NEXT(sem_wait(s))); }
int sem_trywait               (sem_t* s)                                                    { return either_errno(OURS(try_wait(s)),                       NEXT(sem_trywait(s))); }
int sem_timedwait             (sem_t* s, const timespec* t)                                 { return either_errno(OURS(wait(s, at(CLOCK_REALTIME, t))),    NEXT(sem_timedwait(s, t))); }
int sem_clockwait             (sem_t* s, clockid_t c, const timespec* t)                    { return either_errno(OURS(wait(s, at(c, t))),                 NEXT(sem_clockwait(s, c, t))); }
int sem_post                  (sem_t* s)                                                    { return either_errno(OURS(post(s)),                           NEXT(sem_post(s))); }
int pthread_barrier_wait      (pthread_barrier_t* b)                                        { return either(OURS(wait(b)),                                 NEXT(pthread_barrier_wait(b))); }
int pthread_once              (pthread_once_t* o, void (*init)())                           { return either(OURS(once(o, init)),                           NEXT(pthread_once(o, init))); }
int pthread_spin_lock         (pthread_spinlock_t* l)                                       { auto* lock = const_cast<int*>(l); return either(OURS(spin(lock)), NEXT(pthread_spin_lock(lock))); }
int pthread_mutex_consistent  (pthread_mutex_t* m)                                          { return either(OURS(make_consistent(m)),                      NEXT(pthread_mutex_consistent(m))); }
int pthread_mutex_consistent_np(pthread_mutex_t* m)                                         { return either(OURS(make_consistent(m)),                      NEXT(pthread_mutex_consistent(m))); }
int pthread_mutex_setprioceiling(pthread_mutex_t* m, int ceiling, int* old)                 { return either(OURS(set_ceiling(m, ceiling, old)),            NEXT(pthread_mutex_setprioceiling(m, ceiling, old))); }
// Their names of before glibc 2.34, for old programs.
int __pthread_mutex_lock (pthread_mutex_t* m)                                          { return either(OURS(lock(m)),                                 NEXT(pthread_mutex_lock(m))); }
int __pthread_mutex_trylock (pthread_mutex_t* m)                                          { return either(OURS(try_lock(m)),                             NEXT(pthread_mutex_trylock(m))); }
int __pthread_mutex_unlock (pthread_mutex_t* m)                                          { return either(OURS(unlock(m)),                               NEXT(pthread_mutex_unlock(m))); }
int __pthread_rwlock_rdlock (pthread_rwlock_t* l)                                         { return either(OURS(read_lock(l, kNever)),                    NEXT(pthread_rwlock_rdlock(l))); }
int __pthread_rwlock_wrlock (pthread_rwlock_t* l)                                         { return either(OURS(write_lock(l, kNever)),                   NEXT(pthread_rwlock_wrlock(l))); }
int __pthread_rwlock_tryrdlock (pthread_rwlock_t* l)                                         { return either(OURS(try_read_lock(l)),                        NEXT(pthread_rwlock_tryrdlock(l))); }
int __pthread_rwlock_trywrlock (pthread_rwlock_t* l)                                         { return either(OURS(try_write_lock(l)),                       NEXT(pthread_rwlock_trywrlock(l))); }
int __pthread_rwlock_unlock (pthread_rwlock_t* l)                                         { return either(OURS(unlock(l)),                               NEXT(pthread_rwlock_unlock(l))); }
int __pthread_once (pthread_once_t* o, void (*init)())                           { return either(OURS(once(o, init)),                           NEXT(pthread_once(o, init))); }
int  mtx_lock     (mtx_t* m)                             { return as_c11(pthread_mutex_lock(as_posix(m))); }
int  mtx_trylock  (mtx_t* m)                             { return as_c11(pthread_mutex_trylock(as_posix(m))); }
int  mtx_timedlock(mtx_t* m, const timespec* t)          { return as_c11(pthread_mutex_timedlock(as_posix(m), t)); }
int  mtx_unlock   (mtx_t* m)                             { return as_c11(pthread_mutex_unlock(as_posix(m))); }
int  cnd_wait     (cnd_t* v, mtx_t* m)                   { return as_c11(pthread_cond_wait(as_posix(v), as_posix(m))); }
int  cnd_timedwait(cnd_t* v, mtx_t* m, const timespec* t) { return as_c11(pthread_cond_timedwait(as_posix(v), as_posix(m), t)); }
int  cnd_signal   (cnd_t* v)                             { return as_c11(pthread_cond_signal(as_posix(v))); }
int  cnd_broadcast(cnd_t* v)                             { return as_c11(pthread_cond_broadcast(as_posix(v))); }
void call_once    (once_flag* o, void (*init)())         { pthread_once(reinterpret_cast<pthread_once_t*>(o), init); }
}
// clang-format on

#undef OURS
#undef NEXT

}  // namespace weft::hooks

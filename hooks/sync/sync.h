// sync.h: libc's locks for fibers and kernel threads alike, in libc's own memory layout.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Locks"), runtime/parking_lot.h.
//
// Each function returns what the libc function of that name returns. Objects that other processes
// share, robust ones and those with a priority protocol stay libc's: see native.h.
#pragma once
#include <pthread.h>
#include <semaphore.h>

#include "hooks/time_point.h"

namespace weft::hooks::sync {

int lock(pthread_mutex_t* mutex);
int lock(pthread_mutex_t* mutex, const TimePoint& until);
int try_lock(pthread_mutex_t* mutex);
int unlock(pthread_mutex_t* mutex);
/// The same for who is queued as a waiter already, and must not yield.
int unlock_to_wait(pthread_mutex_t* mutex);
/// Whether unlock would not say EPERM: kinds that check their owner have the caller as owner.
bool may_unlock(const pthread_mutex_t* mutex);
/// Of libc's kinds only.
int make_consistent(pthread_mutex_t* mutex);
int set_ceiling(pthread_mutex_t* mutex, int ceiling, int* old);
/// Whether libc's own operations on it look at who calls: AsKernelThread.
bool libc_knows_owner(const pthread_mutex_t* mutex);
/// Makes it one of those that stay libc's, for good. The caller has it locked.
void give_to_libc(pthread_mutex_t* mutex);

int wait(pthread_cond_t* condition, pthread_mutex_t* mutex, const TimePoint& until);
/// The clock that pthread_condattr_setclock chose.
clockid_t clock_of(const pthread_cond_t* condition);
int signal(pthread_cond_t* condition);
int broadcast(pthread_cond_t* condition);

int read_lock(pthread_rwlock_t* lock, const TimePoint& until);
int write_lock(pthread_rwlock_t* lock, const TimePoint& until);
int try_read_lock(pthread_rwlock_t* lock);
int try_write_lock(pthread_rwlock_t* lock);
int unlock(pthread_rwlock_t* lock);

/// 0 or an errno, like the others; sem_wait and its kind turn it into -1 and errno.
int wait(sem_t* semaphore, const TimePoint& until);
int try_wait(sem_t* semaphore);
int post(sem_t* semaphore);

int wait(pthread_barrier_t* barrier);
int once(pthread_once_t* control, void (*init)());
int spin(pthread_spinlock_t* lock);

/// In a fork's child: initialisations that other threads had begun begin again.
void after_fork_in_child();

}  // namespace weft::hooks::sync

// real.h: the next definition of every symbol that is replaced here: libc's, or that of a library
// preloaded behind us.
//
// Layer:  hooks.
//
// How to add a hook: hooks/DESIGN.md.
#pragma once
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <netdb.h>
#include <nss.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wordexp.h>

#include <algorithm>
#include <atomic>
#include <cstddef>

extern "C" {
int capset(void* header, const void* data);  // libc has it; libcap's header declares it
// <sys/pidfd.h> of glibc 2.36 declares it for C only.
int pidfd_send_signal(int pidfd, int signal, siginfo_t* info, unsigned flags);
// What <stdio.h> gives to programs built with _FORTIFY_SOURCE, or has its own macros call.
// NOLINTBEGIN(bugprone-reserved-identifier): libc's names
int __vfprintf_chk(FILE* file, int flag, const char* format, va_list list);
int __vfwprintf_chk(FILE* file, int flag, const wchar_t* format, va_list list);
int __vdprintf_chk(int fd, int flag, const char* format, va_list list);
int __vsnprintf_chk(char* text, size_t size, int flag, size_t room, const char* format,
                    va_list list);
int __vasprintf_chk(char** text, int flag, const char* format, va_list list);
char* __fgets_chk(char* line, size_t room, int n, FILE* file);
char* __fgets_unlocked_chk(char* line, size_t room, int n, FILE* file);
wchar_t* __fgetws_chk(wchar_t* line, size_t room, int n, FILE* file);
wchar_t* __fgetws_unlocked_chk(wchar_t* line, size_t room, int n, FILE* file);
int __underflow(FILE* file);
wint_t __wuflow(FILE* file);
wint_t __wunderflow(FILE* file);
wint_t __woverflow(FILE* file, wint_t c);
// NOLINTEND(bugprone-reserved-identifier)
}

struct __res_state;  // NOLINT(bugprone-reserved-identifier): of <resolv.h>

namespace weft::hooks::real {

template <std::size_t N>
struct Name {
  // NOLINTNEXTLINE(google-explicit-constructor): a string literal is a Name
  constexpr Name(const char (&text)[N]) { std::copy_n(text, N, bytes); }
  char bytes[N] = {};
};

/// `real::read(fd, p, n)` calls the next `read` in the loader's order. Found once; usable at any
/// time, from any thread.
template <Name kName, class Function>
class Next;

template <Name kName, class Result, class... Args>
class Next<kName, Result(Args...)> {
 public:
  using Pointer = Result (*)(Args...);
  Result operator()(Args... args) const { return get()(args...); }
  [[nodiscard]] Pointer get() const {
    const Pointer known = pointer_.load(std::memory_order_relaxed);
    return __builtin_expect(known != nullptr, 1) ? known : find();
  }
  Pointer find() const {
    auto* const found = reinterpret_cast<Pointer>(::dlsym(RTLD_NEXT, kName.bytes));
    pointer_.store(found, std::memory_order_relaxed);
    return found;
  }

 private:
  mutable std::atomic<Pointer> pointer_{nullptr};
};

// The type as libc declares it, without noexcept; variadic functions are called here with their one
// optional argument.
template <class Function>
struct Plain;
template <class R, class... A>
struct Plain<R(A...)> {
  using Type = R(A...);
};
template <class R, class... A>
struct Plain<R(A...) noexcept> {
  using Type = R(A...);
};
template <class R, class... A>
struct Plain<R(A..., ...)> {
  using Type = R(A..., void*);
};
template <class R, class... A>
struct Plain<R(A..., ...) noexcept> {
  using Type = R(A..., void*);
};

// X(name): every symbol that a table replaces and whose next definition some row calls.
// clang-format off
#define WEFT_REAL_SYMBOLS(X) \
  X(accept) X(accept4) X(connect) X(recv) X(recvfrom) \
  X(recvmmsg) X(recvmsg) X(send) X(sendmmsg) X(sendmsg) X(sendto) X(setsockopt) X(shutdown) \
  X(socket) X(socketpair) X(read) X(readv) X(write) X(writev) X(sendfile) X(sendfile64) \
  X(splice) X(eventfd_read) X(eventfd_write) X(preadv2) X(preadv64v2) X(pwritev2) \
  X(pwritev64v2) X(close) X(dup) X(dup2) X(dup3) X(fcntl) X(fcntl64) X(ioctl) X(pipe) X(pipe2) \
  X(eventfd) X(timerfd_create) X(signalfd) X(inotify_init) X(inotify_init1) X(memfd_create) \
  X(epoll_create) X(epoll_create1) X(close_range) X(closefrom) X(open) X(open64) X(openat) \
  X(openat64) X(creat) X(creat64) X(fclose) X(fopen) X(fopen64) X(freopen) \
  X(freopen64) X(popen) X(poll) X(ppoll) X(select) X(pselect) X(epoll_wait) \
  X(epoll_pwait) X(epoll_pwait2) X(sleep) X(usleep) X(nanosleep) X(clock_nanosleep) \
  X(clock_gettime) X(clock_getres) X(sched_yield) X(sched_setaffinity) X(sched_getaffinity) X(sched_setscheduler) \
  X(sched_getscheduler) X(sched_setparam) X(sched_getparam) X(setpriority) X(getpriority) X(thrd_create) X(unshare) X(setns) X(personality) X(capset) X(setfsuid) \
  X(setuid) X(setgid) X(seteuid) X(setegid) X(setreuid) X(setregid) X(setresuid) X(setresgid) \
  X(setgroups) X(initgroups) \
  X(setfsgid) X(thrd_sleep) X(pause) X(pthread_create) X(pthread_join) \
  X(pthread_tryjoin_np) X(pthread_timedjoin_np) X(pthread_clockjoin_np) X(pthread_detach) \
  X(pthread_kill) X(pthread_sigmask) X(sigprocmask) X(pthread_getattr_np) \
  X(pthread_setname_np) X(pthread_getname_np) X(pthread_setaffinity_np) \
  X(pthread_getaffinity_np) X(pthread_setschedparam) X(pthread_getschedparam) \
  X(pthread_setschedprio) X(pthread_getcpuclockid) X(pthread_cancel) X(sigwait) X(sigwaitinfo) \
  X(sigtimedwait) X(sigpending) X(sigsuspend) X(pthread_sigqueue) X(raise) X(sigaction) X(kill) X(sigqueue) X(pidfd_send_signal) X(sigaltstack) X(timer_create) X(timer_delete) X(pthread_mutex_lock) X(pthread_mutex_trylock) X(pthread_mutex_timedlock) \
  X(pthread_mutex_clocklock) X(pthread_mutex_unlock) X(pthread_mutex_consistent) X(pthread_mutex_setprioceiling) X(pthread_cond_wait) \
  X(pthread_cond_timedwait) X(pthread_cond_clockwait) X(pthread_cond_signal) \
  X(pthread_cond_broadcast) X(pthread_rwlock_rdlock) X(pthread_rwlock_wrlock) \
  X(pthread_rwlock_tryrdlock) X(pthread_rwlock_trywrlock) X(pthread_rwlock_timedrdlock) \
  X(pthread_rwlock_timedwrlock) X(pthread_rwlock_clockrdlock) X(pthread_rwlock_clockwrlock) \
  X(pthread_rwlock_unlock) X(sem_wait) X(sem_trywait) X(sem_timedwait) X(sem_clockwait) \
  X(sem_post) X(pthread_barrier_wait) X(pthread_once) X(pthread_spin_lock) \
  X(pthread_spin_trylock) X(fork) X(_Fork) X(vfork) X(wait4) X(waitid) \
  X(flock) X(lockf) X(lockf64) X(msgsnd) X(msgrcv) X(semop) X(semtimedop) X(mq_timedsend) \
  X(mq_timedreceive) X(mq_close) X(tcdrain) X(tcsendbreak) X(tcsetattr) X(system) X(pclose) X(wordexp) X(posix_spawn) X(posix_spawnp) \
  X(execve) X(execvpe) X(execveat) X(fexecve) \
  X(pread) X(pread64) X(pwrite) X(pwrite64) X(preadv) X(preadv64) X(pwritev) X(pwritev64) X(copy_file_range) X(fsync) X(fdatasync) X(syncfs) X(sync_file_range) X(fallocate) X(fallocate64) X(posix_fallocate) X(posix_fallocate64) X(ftruncate) X(ftruncate64) X(readahead) X(msync) X(truncate) X(truncate64) X(sync) \
  X(getaddrinfo) X(getnameinfo) X(gethostbyname) X(gethostbyname2) X(gethostbyaddr) \
  X(gethostbyname_r) X(gethostbyname2_r) X(gethostbyaddr_r) X(getaddrinfo_a) X(gai_suspend) \
  X(__nss_configure_lookup) \
  X(flockfile) X(ftrylockfile) X(funlockfile) X(fgetc) X(fgetc_unlocked) X(__uflow) X(__underflow) \
  X(fread) X(fread_unlocked) X(fgets) X(fgets_unlocked) X(__fgets_chk) X(__fgets_unlocked_chk) \
  X(__getdelim) X(ungetc) X(feof) X(ferror) X(clearerr) X(ftell) X(ftello) X(ftello64) X(fgetpos) X(fgetpos64) X(fgetwc) X(fgetwc_unlocked) X(__wuflow) \
  X(__wunderflow) X(ungetwc) X(fgetws) X(fgetws_unlocked) X(__fgetws_chk) \
  X(__fgetws_unlocked_chk) X(fputwc) X(fputwc_unlocked) X(__woverflow) X(fputws) \
  X(fputws_unlocked) X(fputc) X(fputc_unlocked) X(__overflow) X(fputs) X(fputs_unlocked) X(puts) \
  X(fwrite) X(fwrite_unlocked) X(fflush) X(fflush_unlocked) X(fseek) X(fseeko) X(fseeko64) \
  X(fsetpos) X(fsetpos64) X(rewind) X(setvbuf) X(perror) X(psignal) X(psiginfo) X(vfprintf) \
  X(vfwprintf) X(vdprintf) X(__vfprintf_chk) X(__vfwprintf_chk) X(__vdprintf_chk)

// clang-format on

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes no parentheses
#define X(name) inline constinit Next<#name, Plain<decltype(::name)>::Type> name;
WEFT_REAL_SYMBOLS(X)
#undef X

// syscall(2) takes up to six arguments behind the number, all of one register each.
inline constinit Next<"syscall", long(long, long, long, long, long, long, long)> syscall;
inline constinit Next<"prctl", int(int, long, long, long, long)> prctl;

// Its optional arguments are two.
inline constinit Next<"mq_open", mqd_t(const char*, int, mode_t, mq_attr*)> mq_open;
inline constinit Next<"__mq_open_2", mqd_t(const char*, int)> mq_open_checked;

// Its optional arguments are three.
inline constinit Next<"clone", int(int (*)(void*), void*, int, void*, void*, void*, void*)> clone;

inline constinit Next<"longjmp", void(struct __jmp_buf_tag*, int)> longjmp;
inline constinit Next<"__longjmp_chk", void(struct __jmp_buf_tag*, int)> longjmp_checked;

// X(name, type): those of <resolv.h>, whose macros take the names of members of other structures.
// clang-format off
#define WEFT_REAL_RESOLVER(X) \
  X(res_query, int(const char*, int, int, unsigned char*, int)) \
  X(res_search, int(const char*, int, int, unsigned char*, int)) \
  X(res_querydomain, int(const char*, const char*, int, int, unsigned char*, int)) \
  X(res_send, int(const unsigned char*, int, unsigned char*, int)) \
  X(res_nquery, int(struct __res_state*, const char*, int, int, unsigned char*, int)) \
  X(res_nsearch, int(struct __res_state*, const char*, int, int, unsigned char*, int)) \
  X(res_nquerydomain, int(struct __res_state*, const char*, const char*, int, int, unsigned char*, int)) \
  X(res_nsend, int(struct __res_state*, const unsigned char*, int, unsigned char*, int))
// clang-format on

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes no parentheses
#define X(name, ...) inline constinit Next<#name, __VA_ARGS__> name;
WEFT_REAL_RESOLVER(X)
#undef X

// Headers may give the names of C99's functions to others; those of C23 are glibc 2.38's.
using ScanFile = int(FILE*, const char*, va_list);
using ScanWideFile = int(FILE*, const wchar_t*, va_list);
// NOLINTBEGIN(bugprone-reserved-identifier)
inline constinit Next<"vfscanf", ScanFile> vfscanf;
inline constinit Next<"__isoc99_vfscanf", ScanFile> __isoc99_vfscanf;
inline constinit Next<"__isoc23_vfscanf", ScanFile> __isoc23_vfscanf;
inline constinit Next<"vfwscanf", ScanWideFile> vfwscanf;
inline constinit Next<"__isoc99_vfwscanf", ScanWideFile> __isoc99_vfwscanf;
// NOLINTEND(bugprone-reserved-identifier)

// Clang's type of a noreturn function is another one.
inline constinit Next<"pthread_exit", void(void*)> pthread_exit;

/// Finds them all, so that no later call has to go through the loader.
inline void find_all() {
#define X(name) (name).find();
  WEFT_REAL_SYMBOLS(X)
#undef X
#define X(name, ...) (name).find();
  WEFT_REAL_RESOLVER(X)
#undef X
  syscall.find();
  pthread_exit.find();
  longjmp.find();
  longjmp_checked.find();
  prctl.find();
  mq_open.find();
  clone.find();
  mq_open_checked.find();
  vfscanf.find();
  __isoc99_vfscanf.find();
  __isoc23_vfscanf.find();
  vfwscanf.find();
  __isoc99_vfwscanf.find();
}

}  // namespace weft::hooks::real

#include "runtime/system_call.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "runtime/sys.h"

namespace weft::runtime {
namespace {

struct Name {
  long number;
  const char* name;
};

#define WEFT_CALL(name) \
  Name { SYS_##name, #name }

constexpr Name kNames[] = {
    WEFT_CALL(accept),
    WEFT_CALL(accept4),
    WEFT_CALL(bind),
    WEFT_CALL(clock_nanosleep),
    WEFT_CALL(clone),
    WEFT_CALL(clone3),
    WEFT_CALL(close),
    WEFT_CALL(close_range),
    WEFT_CALL(connect),
    WEFT_CALL(copy_file_range),
    WEFT_CALL(epoll_pwait),
    WEFT_CALL(epoll_pwait2),
    WEFT_CALL(execve),
    WEFT_CALL(exit),
    WEFT_CALL(exit_group),
    WEFT_CALL(fallocate),
    WEFT_CALL(fchmodat),
    WEFT_CALL(fchownat),
    WEFT_CALL(fcntl),
    WEFT_CALL(fdatasync),
    WEFT_CALL(finit_module),
    WEFT_CALL(flock),
    WEFT_CALL(fstat),
    WEFT_CALL(fsync),
    WEFT_CALL(ftruncate),
    WEFT_CALL(futex),
    WEFT_CALL(futex_waitv),
    WEFT_CALL(getdents64),
    WEFT_CALL(getrandom),
    WEFT_CALL(getxattr),
    WEFT_CALL(io_getevents),
    WEFT_CALL(io_pgetevents),
    WEFT_CALL(io_submit),
    WEFT_CALL(io_uring_enter),
    WEFT_CALL(ioctl),
    WEFT_CALL(kexec_load),
    WEFT_CALL(linkat),
    WEFT_CALL(lseek),
    WEFT_CALL(madvise),
    WEFT_CALL(mkdirat),
    WEFT_CALL(mlock),
    WEFT_CALL(mlockall),
    WEFT_CALL(mmap),
    WEFT_CALL(mount),
    WEFT_CALL(mprotect),
    WEFT_CALL(mq_timedreceive),
    WEFT_CALL(mq_timedsend),
    WEFT_CALL(mremap),
    WEFT_CALL(msgrcv),
    WEFT_CALL(msgsnd),
    WEFT_CALL(msync),
    WEFT_CALL(munmap),
    WEFT_CALL(nanosleep),
    WEFT_CALL(newfstatat),
    WEFT_CALL(openat),
    WEFT_CALL(openat2),
    WEFT_CALL(ppoll),
    WEFT_CALL(pread64),
    WEFT_CALL(preadv),
    WEFT_CALL(preadv2),
    WEFT_CALL(process_vm_readv),
    WEFT_CALL(process_vm_writev),
    WEFT_CALL(pselect6),
    WEFT_CALL(ptrace),
    WEFT_CALL(pwrite64),
    WEFT_CALL(pwritev),
    WEFT_CALL(pwritev2),
    WEFT_CALL(read),
    WEFT_CALL(readahead),
    WEFT_CALL(readlinkat),
    WEFT_CALL(readv),
    WEFT_CALL(recvfrom),
    WEFT_CALL(recvmmsg),
    WEFT_CALL(recvmsg),
    WEFT_CALL(renameat),
    WEFT_CALL(renameat2),
    WEFT_CALL(rt_sigsuspend),
    WEFT_CALL(rt_sigtimedwait),
    WEFT_CALL(semop),
    WEFT_CALL(semtimedop),
    WEFT_CALL(sendfile),
    WEFT_CALL(sendmmsg),
    WEFT_CALL(sendmsg),
    WEFT_CALL(sendto),
    WEFT_CALL(setxattr),
    WEFT_CALL(shutdown),
    WEFT_CALL(splice),
    WEFT_CALL(statfs),
    WEFT_CALL(statx),
    WEFT_CALL(swapoff),
    WEFT_CALL(swapon),
    WEFT_CALL(symlinkat),
    WEFT_CALL(sync),
    WEFT_CALL(sync_file_range),
    WEFT_CALL(syncfs),
    WEFT_CALL(tee),
    WEFT_CALL(truncate),
    WEFT_CALL(umount2),
    WEFT_CALL(unlinkat),
    WEFT_CALL(utimensat),
    WEFT_CALL(vmsplice),
    WEFT_CALL(wait4),
    WEFT_CALL(waitid),
    WEFT_CALL(write),
    WEFT_CALL(writev),
#if defined(__x86_64__)
    WEFT_CALL(access),
    WEFT_CALL(chmod),
    WEFT_CALL(chown),
    WEFT_CALL(creat),
    WEFT_CALL(epoll_wait),
    WEFT_CALL(fork),
    WEFT_CALL(link),
    WEFT_CALL(lstat),
    WEFT_CALL(mkdir),
    WEFT_CALL(open),
    WEFT_CALL(pause),
    WEFT_CALL(poll),
    WEFT_CALL(readlink),
    WEFT_CALL(rename),
    WEFT_CALL(rmdir),
    WEFT_CALL(select),
    WEFT_CALL(stat),
    WEFT_CALL(unlink),
    WEFT_CALL(vfork),
#endif
};

#undef WEFT_CALL

}  // namespace

// The file holds "running", or the number, six arguments, the stack pointer and the program
// counter, or "-1" and the last two: proc_pid_syscall(5).
SystemCall system_call_of(pid_t kernel_tid) {
  char text[256] = {};
  std::snprintf(text, sizeof text, "/proc/self/task/%d/syscall", kernel_tid);
  const long fd = sys::call(SYS_openat, AT_FDCWD, text, O_RDONLY | O_CLOEXEC);
  if (sys::failed(fd)) {
    return {};
  }
  const long length = sys::call(SYS_read, fd, text, sizeof text - 1);
  sys::call(SYS_close, fd);
  if (length <= 0) {
    return {};
  }
  text[length] = '\0';
  char* behind = nullptr;
  const long number = std::strtol(text, &behind, 10);
  if (behind == text) {
    return {SystemCall::State::kRuns, -1, 0};
  }
  const char* const last = std::strrchr(text, ' ');
  const std::uintptr_t code = last == nullptr ? 0 : std::strtoul(last, nullptr, 16);
  return {number < 0 ? SystemCall::State::kFault : SystemCall::State::kCall, number, code};
}

const char* system_call_name(long number) {
  const Name* const found =
      std::find_if(std::begin(kNames), std::end(kNames),
                   [number](const Name& name) { return name.number == number; });
  return found == std::end(kNames) ? nullptr : found->name;
}

}  // namespace weft::runtime

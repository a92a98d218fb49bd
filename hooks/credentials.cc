// credentials.cc: user and groups of the process, as a table.
//
// The kernel has them per thread. libc sets them for each of its threads but the calling one, by a
// signal whose handler says that its thread has done it. It takes for both the thread that the
// thread pointer names, and its threads are the kernel threads, which fibers change. So
//   the call is made by a kernel thread that runs no fiber: all others get the signal, the first
//   one, whose block the main fiber has, too;
//   the handler runs with the thread pointer that libc has given to the kernel thread.
#include <grp.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "hooks/active.h"
#include "hooks/real.h"
#include "runtime/arch/thread_pointer.h"
#include "runtime/helper_thread.h"
#include "runtime/kernel_action.h"
#include "runtime/os.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"

namespace weft::hooks {

namespace arch = runtime::arch;
namespace os = runtime::os;

namespace {

constinit std::atomic<decltype(runtime::KernelAction::handler)> handler_of_libc{nullptr};

// All signals are blocked: none shall find the other thread pointer.
void on_credentials_signal(int signal, siginfo_t* info, void* context) {
  auto* const handle = handler_of_libc.load();
  const runtime::Worker* const worker = runtime::running.worker;
  void* const of_fiber = arch::thread_pointer();
  if (worker == nullptr || worker->libc_thread == of_fiber) {
    handle(signal, info, context);
    return;
  }
  arch::set_thread_pointer(worker->libc_thread);
  handle(signal, info, context);
  arch::set_thread_pointer(of_fiber);
}

// libc sets its handler when it makes its first thread, and perhaps again after a fork.
void replace_handler_of_libc() {
  auto* const handler = runtime::kernel_action(os::kCredentialsSignal).handler;
  if (handler != on_credentials_signal) {
    handler_of_libc = handler;
    runtime::set_kernel_handler(os::kCredentialsSignal, on_credentials_signal, SA_RESTART,
                                ~std::uint64_t{0});
  }
}

template <class Call>
class OnKernelThread {
 public:
  explicit OnKernelThread(const Call& call) : call_(call) {}

  // -1 and an errno, as the call.
  int result() {
    if (!runtime::start_helper_thread(main, this)) {
      errno = EAGAIN;
      return -1;
    }
    runtime::lot::park_while(&has_ended_, [this] { return !has_ended_.load(); });
    errno = error_;
    return result_;
  }

 private:
  static void* main(void* argument) {
    auto& self = *static_cast<OnKernelThread*>(argument);
    const std::atomic<bool>* const has_ended = &self.has_ended_;
    self.result_ = self.call_();
    self.error_ = errno;
    self.has_ended_ = true;  // the last use of it
    runtime::lot::unpark(has_ended, runtime::lot::kAll);
    runtime::helper_thread_ends();
    return nullptr;
  }

  const Call& call_;
  int result_ = 0;
  int error_ = 0;
  std::atomic<bool> has_ended_{false};
};

template <class Call>
int for_all_threads(const Call& call) {
  if (runtime::Scheduler::process() == nullptr) {
    return call();
  }
  replace_handler_of_libc();
  return runtime::current() == nullptr ? call() : OnKernelThread(call).result();
}

#define REAL(call) [=] { return real::call; }

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                how
int setuid    (uid_t id)                           { return for_all_threads(REAL(setuid(id))); }
int setgid    (gid_t id)                           { return for_all_threads(REAL(setgid(id))); }
int seteuid   (uid_t id)                           { return for_all_threads(REAL(seteuid(id))); }
int setegid   (gid_t id)                           { return for_all_threads(REAL(setegid(id))); }
int setreuid  (uid_t r, uid_t e)                   { return for_all_threads(REAL(setreuid(r, e))); }
int setregid  (gid_t r, gid_t e)                   { return for_all_threads(REAL(setregid(r, e))); }
int setresuid (uid_t r, uid_t e, uid_t s)          { return for_all_threads(REAL(setresuid(r, e, s))); }
int setresgid (gid_t r, gid_t e, gid_t s)          { return for_all_threads(REAL(setresgid(r, e, s))); }
int setgroups (size_t n, const gid_t* groups)      { return for_all_threads(REAL(setgroups(n, groups))); }
int initgroups(const char* user, gid_t group)      { return for_all_threads(REAL(initgroups(user, group))); }
}
// clang-format on

}  // namespace weft::hooks

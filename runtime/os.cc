#include "runtime/os.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>

#include "runtime/sys.h"

namespace weft::runtime::os {
namespace {
void* pointer_or_null(long result) {
  return sys::failed(result)
             ? nullptr
             : reinterpret_cast<void*>(result);  // NOLINT(performance-no-int-to-ptr)
}
constinit ThreadStarter thread_starter = ::pthread_create;
constinit bool has_hooks = false;

}  // namespace

void* map(std::size_t bytes) {
  return pointer_or_null(sys::call(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

void unmap(void* memory, std::size_t bytes) { sys::call(SYS_munmap, memory, bytes); }

void* remap(void* memory, std::size_t old_bytes, std::size_t new_bytes) {
  return pointer_or_null(sys::call(SYS_mremap, memory, old_bytes, new_bytes, MREMAP_MAYMOVE));
}

void become_multithreaded() {
  // libc prepares for threads (setuid's signal, stdio's locks) when it makes its first, and only
  // while the flag is set. Others read that without care (std::shared_ptr): no write without need.
  if (__atomic_load_n(&::__libc_single_threaded, __ATOMIC_RELAXED) == 0 ||
      !start_thread([](void* unused) { return unused; }, nullptr)) {
    return;
  }
  __atomic_store_n(&::__libc_single_threaded, 0, __ATOMIC_RELAXED);
}

void set_thread_starter(ThreadStarter starter) {
  thread_starter = starter;
  has_hooks = true;
}

bool is_hooked() { return has_hooks; }

bool start_thread(void* (*function)(void*), void* argument) {
  constexpr std::size_t kStack = std::size_t{256} << 10;
  pthread_attr_t attributes = {};
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigset_t all = {};
  ::sigfillset(&all);
  ::pthread_attr_setsigmask_np(&attributes, &all);
  pthread_t thread = {};
  const int error = thread_starter(&thread, &attributes, function, argument);
  ::pthread_attr_destroy(&attributes);
  return error == 0;
}

}  // namespace weft::runtime::os

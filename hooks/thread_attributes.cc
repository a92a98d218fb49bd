#include "hooks/thread_attributes.h"

#include <limits.h>
#include <sched.h>

#include <cerrno>
#include <cstdint>

#include "hooks/thread.h"
#include "runtime/settings.h"

namespace weft::hooks {

using runtime::SpawnOptions;

namespace {

constexpr std::size_t kPage = runtime::os::kPage;
std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Initialised attributes of libc's, since pthread_attr_t has parts that must be destroyed.
class Attr {
 public:
  Attr() { ::pthread_getattr_default_np(&value_); }
  ~Attr() { ::pthread_attr_destroy(&value_); }
  Attr(const Attr&) = delete;
  Attr& operator=(const Attr&) = delete;
  [[nodiscard]] const pthread_attr_t* get() const { return &value_; }

 private:
  pthread_attr_t value_ = {};
};

std::size_t stack_size_of(const pthread_attr_t* attr) {
  std::size_t size = 0;
  ::pthread_attr_getstacksize(attr, &size);
  return size;
}

// EINVAL if the sizes overflow.
int read_stack(const pthread_attr_t* attr, std::size_t default_size, SpawnOptions& options) {
  void* low = nullptr;
  std::size_t size = 0;
  ::pthread_attr_getstack(attr, &low, &size);
  char* const top = static_cast<char*>(low) + size;
  const std::size_t wanted = runtime::settings().stack_bytes;
  options.stack_bytes = wanted != 0 && size == default_size ? wanted : size;
  if (top != nullptr) {  // glibc's "not set" is a stack that ends at address zero
    options.stack_low = static_cast<char*>(low);
    options.stack_top = top;
    return 0;
  }
  std::size_t guard = 0;
  ::pthread_attr_getguardsize(attr, &guard);
  if (guard > SIZE_MAX - kPage || options.stack_bytes > SIZE_MAX - guard - 2 * kPage) {
    return EINVAL;
  }
  options.guard_bytes = whole_pages(guard);
  return 0;
}

// Policy, priority or CPUs of its own.
bool asks_for_own_scheduling(const pthread_attr_t* attr) {
  int inherits = PTHREAD_INHERIT_SCHED;
  int policy = SCHED_OTHER;
  sched_param param = {};
  ::pthread_attr_getinheritsched(attr, &inherits);
  ::pthread_attr_getschedpolicy(attr, &policy);
  ::pthread_attr_getschedparam(attr, &param);
  if (inherits == PTHREAD_EXPLICIT_SCHED && (policy != SCHED_OTHER || param.sched_priority != 0)) {
    return true;
  }
  // libc answers with all CPUs where none were set.
  cpu_set_t cpus = {};
  return ::pthread_attr_getaffinity_np(attr, sizeof cpus, &cpus) == 0 &&
         CPU_COUNT(&cpus) < CPU_SETSIZE;
}

}  // namespace

int read_attributes(const pthread_attr_t* given, Attributes& result) {
  const Attr defaults;
  const pthread_attr_t* const attr = given != nullptr ? given : defaults.get();
  SpawnOptions& options = result.options;
  options.own_tls = true;
  int detached = PTHREAD_CREATE_JOINABLE;
  ::pthread_attr_getdetachstate(attr, &detached);
  options.detached = detached == PTHREAD_CREATE_DETACHED;
  result.has_mask = ::pthread_attr_getsigmask_np(attr, &result.mask) == 0;
  result.needs_kernel_thread = asks_for_own_scheduling(attr);
  return read_stack(attr, stack_size_of(defaults.get()), options);
}

// Natively the stack's memory ends with the thread's own block and TLS, which garbage collectors
// scan with it.
int attributes_of_fiber(const runtime::Fiber& fiber, pthread_attr_t* attr) {
  if (const int error = ::pthread_attr_init(attr)) {
    return error;
  }
  const bool detached = (fiber.end_state.load() & runtime::Fiber::kIsDetached) != 0;
  ::pthread_attr_setdetachstate(attr, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
  ::pthread_attr_setguardsize(attr, fiber.asked_guard);
  cpu_set_t cpus = {};
  if (::pthread_getaffinity_np(reinterpret_cast<pthread_t>(fiber.thread_pointer), sizeof cpus,
                               &cpus) == 0) {
    ::pthread_attr_setaffinity_np(attr, sizeof cpus, &cpus);
  }
  const bool is_own_memory =
      fiber.stack_low >= fiber.memory.low && fiber.stack_low < fiber.memory.top;
  char* const top = is_own_memory ? fiber.memory.top : fiber.stack_top;
  const std::size_t size = fiber.asked_stack != 0 && is_own_memory
                               ? whole_pages(fiber.asked_stack)
                               : static_cast<std::size_t>(top - fiber.stack_low);
  return ::pthread_attr_setstack(attr, top - size, size);
}

}  // namespace weft::hooks

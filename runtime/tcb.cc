#include "runtime/tcb.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "runtime/arch/thread_pointer.h"
#include "runtime/sys.h"

namespace weft::runtime::tcb {
namespace {

// The head of `struct pthread` is part of the x86-64 ABI: compilers emit accesses to these offsets.
constexpr std::size_t kSelfAtStart = 0;
constexpr std::size_t kSelf = 16;
constexpr std::size_t kMultipleThreads = 24;
constexpr std::size_t kStackGuard = 0x28;
constexpr std::size_t kPointerGuard = 0x30;
// A word that nobody has used since the vsyscall page went: glibc calls it unused_vgetcpu_cache.
constexpr std::size_t kOwner = 0x38;

struct KeyData {  // glibc: struct pthread_key_data
  std::uintptr_t sequence;
  void* data;
};
struct Key {  // glibc: struct pthread_key_struct
  std::uintptr_t sequence;
  void (*destructor)(void*);
};
struct RobustHead {  // linux: struct robust_list_head
  void* list;
  long futex_offset;
  void* pending;
};
static_assert(sizeof(RobustHead) == kRobustListBytes);
struct LibcTls {  // where libc.so's own TLS segment lies, relative to the thread pointer
  std::ptrdiff_t offset;
  std::size_t size;
};

constexpr std::size_t kMaxLibcTls = 1024;

#if !defined(__x86_64__)
constexpr const char* kRefusal = "own TLS is implemented for x86-64 only";
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr const char* kRefusal =
    "the sanitizers keep their own state in TLS that only they can make";
#else
constexpr const char* kRefusal = nullptr;
#endif

struct Layout {
  std::size_t pthread_bytes = 0;
  std::size_t tls_bytes = 0;  // static TLS below the thread pointer
  std::size_t align = 0;
  std::size_t tid = 0;
  std::size_t list = 0;
  std::size_t specific = 0;
  std::size_t specific_count = 0;
  std::size_t specific_first = 0;
  std::size_t level2_count = 0;
  std::size_t cancel_handling = 0;
  std::ptrdiff_t rseq = 0;
  std::ptrdiff_t robust = 0;
  long robust_futex_offset = 0;
  LibcTls libc = {};
  Key* keys = nullptr;
  void* (*allocate)(void*) = nullptr;
  void (*deallocate)(void*, bool) = nullptr;
  void (*ctype_init)() = nullptr;
  void (*call_tls_dtors)() = nullptr;
  unsigned int* threads = nullptr;
};
constinit Layout layout = {};
constinit bool is_available = false;

template <class T>
T& field(void* thread_pointer, std::ptrdiff_t offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(thread_pointer) + offset);
}

template <class T>
T symbol(const char* name) {
  return reinterpret_cast<T>(::dlsym(RTLD_DEFAULT, name));
}

// glibc's cancelhandling: CANCELSTATE, or EXITING, or TERMINATED; CANCELTYPE; CANCELING and
// CANCELED.
constexpr int kCancelDisabled = 1 | 16 | 32;
constexpr int kCancelAtAnyTime = 2;
constexpr int kIsCancelled = 4 | 8;
int& cancel_bits(void* thread_pointer) {
  return field<int>(thread_pointer, static_cast<std::ptrdiff_t>(layout.cancel_handling));
}

// glibc's descriptors for debuggers: {bits of one element, elements, offset}.
bool descriptor(const char* name, std::size_t* offset, std::size_t* count = nullptr) {
  const auto* words = symbol<const std::uint32_t*>(name);
  if (words == nullptr) {
    return false;
  }
  *offset = words[2];
  if (count != nullptr) {
    *count = words[1];
  }
  return true;
}

bool find_functions() {
  layout.allocate = symbol<void* (*)(void*)>("_dl_allocate_tls");
  layout.deallocate = symbol<void (*)(void*, bool)>("_dl_deallocate_tls");
  layout.ctype_init = symbol<void (*)()>("__ctype_init");
  layout.call_tls_dtors = symbol<void (*)()>("__call_tls_dtors");
  layout.keys = symbol<Key*>("__pthread_keys");
  layout.threads = symbol<unsigned int*>("__nptl_nthreads");
  return layout.allocate != nullptr && layout.deallocate != nullptr &&
         layout.ctype_init != nullptr && layout.call_tls_dtors != nullptr &&
         layout.keys != nullptr && layout.threads != nullptr;
}

bool find_sizes() {
  const auto* pthread_bytes = symbol<const std::uint32_t*>("_thread_db_sizeof_pthread");
  const auto* key_bytes = symbol<const std::uint32_t*>("_thread_db_sizeof_pthread_key_struct");
  const auto* data_bytes = symbol<const std::uint32_t*>("_thread_db_sizeof_pthread_key_data");
  const auto* level2_bytes =
      symbol<const std::uint32_t*>("_thread_db_sizeof_pthread_key_data_level2");
  const auto static_info = symbol<void (*)(std::size_t*, std::size_t*)>("_dl_get_tls_static_info");
  if (pthread_bytes == nullptr || key_bytes == nullptr || data_bytes == nullptr ||
      level2_bytes == nullptr || static_info == nullptr || *key_bytes != sizeof(Key) ||
      *data_bytes != sizeof(KeyData)) {
    return false;
  }
  layout.level2_count = *level2_bytes / sizeof(KeyData);
  std::size_t total = 0;
  static_info(&total, &layout.align);
  layout.pthread_bytes = *pthread_bytes;
  layout.tls_bytes = total - layout.pthread_bytes;
  return total > layout.pthread_bytes && layout.align >= 16;
}

bool find_offsets() {
  const auto* rseq_offset = symbol<const std::ptrdiff_t*>("__rseq_offset");
  layout.rseq = rseq_offset == nullptr ? 0 : *rseq_offset;
  void* const self = arch::thread_pointer();
  void* robust = nullptr;
  std::size_t size = 0;
  if (sys::failed(sys::call(SYS_get_robust_list, 0, &robust, &size)) || robust == nullptr) {
    return false;
  }
  layout.robust = static_cast<char*>(robust) - static_cast<char*>(self);
  layout.robust_futex_offset = static_cast<RobustHead*>(robust)->futex_offset;
  if (!descriptor("_thread_db_pthread_tid", &layout.tid) ||
      !descriptor("_thread_db_pthread_list", &layout.list) ||
      !descriptor("_thread_db_pthread_cancelhandling", &layout.cancel_handling) ||
      !descriptor("_thread_db_pthread_specific", &layout.specific, &layout.specific_count)) {
    return false;
  }
  const char* first = field<char*>(self, static_cast<std::ptrdiff_t>(layout.specific));
  layout.specific_first = static_cast<std::size_t>(first - static_cast<char*>(self));
  return layout.specific_first < layout.pthread_bytes && owner_of(self) == nullptr &&
         tid_of(self) == sys::call(SYS_gettid);
}

int note_libc_tls(dl_phdr_info* info, std::size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    const char* data = static_cast<const char*>(info->dlpi_tls_data);
    const char* errno_address = reinterpret_cast<const char*>(&errno);
    if (segment.p_type == PT_TLS && data != nullptr && errno_address >= data &&
        errno_address < data + segment.p_memsz) {
      layout.libc = {data - static_cast<char*>(arch::thread_pointer()), segment.p_memsz};
      return 1;
    }
  }
  return 0;
}

// What glibc's pthread_create and start_thread set in a new block.
void set_header(void* thread_pointer, pid_t tid) {
  void* const parent = arch::thread_pointer();
  field<void*>(thread_pointer, kSelfAtStart) = thread_pointer;
  field<void*>(thread_pointer, kSelf) = thread_pointer;
  field<int>(thread_pointer, kMultipleThreads) = 1;
  field<std::uintptr_t>(thread_pointer, kStackGuard) = field<std::uintptr_t>(parent, kStackGuard);
  field<std::uintptr_t>(thread_pointer, kPointerGuard) =
      field<std::uintptr_t>(parent, kPointerGuard);
  set_tid(thread_pointer, tid);
  // Linked to itself: fork's child unlinks the running thread from its list (reclaim_stacks).
  char* const list = static_cast<char*>(thread_pointer) + layout.list;
  field<void*>(list, 0) = list;
  field<void*>(list, sizeof(void*)) = list;
  field<void*>(thread_pointer, static_cast<std::ptrdiff_t>(layout.specific)) =
      static_cast<char*>(thread_pointer) + layout.specific_first;
  auto& robust = field<RobustHead>(thread_pointer, layout.robust);
  robust.list = &robust;
  robust.futex_offset = layout.robust_futex_offset;
  field<void*>(thread_pointer, layout.robust - static_cast<std::ptrdiff_t>(sizeof(void*))) =
      &robust;
  if (layout.rseq != 0) {
    // RSEQ_CPU_ID_REGISTRATION_FAILED: sched_getcpu then asks the kernel.
    field<std::int32_t>(thread_pointer, layout.rseq + 4) = -2;
  }
}

// One round of destructors of thread-specific data. Returns whether one of them ran.
bool run_key_destructors(void* self) {
  bool ran = false;
  for (std::size_t block = 0; block < layout.specific_count; ++block) {
    const auto slot = static_cast<std::ptrdiff_t>(layout.specific + block * sizeof(void*));
    auto* entries = field<KeyData*>(self, slot);
    for (std::size_t i = 0; entries != nullptr && i < layout.level2_count; ++i) {
      void* const data = entries[i].data;
      const Key& key = layout.keys[block * layout.level2_count + i];
      if (data != nullptr) {
        entries[i].data = nullptr;
        if (entries[i].sequence == key.sequence && key.destructor != nullptr) {
          key.destructor(data);
          ran = true;
        }
      }
    }
  }
  return ran;
}

void free_key_blocks(void* self) {
  for (std::size_t block = 1; block < layout.specific_count; ++block) {
    const auto slot = static_cast<std::ptrdiff_t>(layout.specific + block * sizeof(void*));
    std::free(field<void*>(self, slot));
    field<void*>(self, slot) = nullptr;
  }
}

// What the kernel does for a thread that ends with robust mutexes locked (futex(2), "Robust
// futexes"): their next owner shall hear of it, and one waiter wakes. Those with priority
// inheritance the kernel itself hands over, when the kernel thread ends that its fiber had to
// itself.
void release_robust_mutexes(void* self, pid_t owner) {
  auto& head = field<RobustHead>(self, layout.robust);
  auto* entry = static_cast<void**>(head.list);
  while (entry != nullptr && static_cast<void*>(entry) != static_cast<void*>(&head)) {
    const auto tagged = reinterpret_cast<std::uintptr_t>(entry);
    const bool inherits_priority = (tagged & 1) != 0;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a tagged pointer
    auto* const clean = reinterpret_cast<void**>(tagged & ~1UL);
    auto* const next = static_cast<void**>(*clean);
    auto* const word =
        reinterpret_cast<std::uint32_t*>(reinterpret_cast<char*>(clean) + head.futex_offset);
    std::uint32_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    while ((seen & FUTEX_TID_MASK) == static_cast<std::uint32_t>(owner) &&
           !__atomic_compare_exchange_n(word, &seen, (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                                        false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
    if ((seen & FUTEX_WAITERS) != 0 && !inherits_priority) {
      sys::call(SYS_futex, word, FUTEX_WAKE, 1);
    }
    entry = next;
  }
}

// A variable with an initial value and one without: a new block must show both, and keep them apart
// from the caller's.
thread_local volatile int initialised = 42;
thread_local volatile int zeroed;

[[gnu::noinline]] bool looks_new(void* expected_self) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): for glibc a handle is the address of the block
  return reinterpret_cast<void*>(::pthread_self()) == expected_self && initialised == 42 &&
         zeroed == 0 && errno == 0;
}
[[gnu::noinline]] void scribble(int value) {
  initialised = value;
  zeroed = value;
  errno = value;
}

bool try_one_block() {
  char* const memory = static_cast<char*>(std::calloc(1, block_bytes()));
  if (memory == nullptr) {
    return false;
  }
  void* const native = arch::thread_pointer();
  void* const fiber = create(memory + block_bytes(), 1, nullptr);
  bool good = fiber != nullptr;
  if (good) {
    const int saved_errno = errno;
    scribble(7);
    arch::set_thread_pointer(fiber);
    good = looks_new(fiber);
    scribble(8);
    arch::set_thread_pointer(native);
    good = good && initialised == 7 && zeroed == 7 && errno == 7;
    scribble(0);
    initialised = 42;
    errno = saved_errno;
    layout.deallocate(fiber, false);
  }
  std::free(memory);
  return good;
}

}  // namespace

const char* probe() {
  if (kRefusal != nullptr) {
    return kRefusal;
  }
  if (!find_functions() || !find_sizes()) {
    return "this libc does not export what own TLS needs (glibc 2.34 or newer does)";
  }
  if (!find_offsets()) {
    return "this libc's thread control block has an unknown layout";
  }
  if (::dl_iterate_phdr(note_libc_tls, nullptr) != 1 || layout.libc.size > kMaxLibcTls) {
    return "libc's own TLS segment was not found";
  }
  arch::use_wrfsbase = arch::user_mode_thread_pointer();
  if (!try_one_block()) {
    return "a trial block did not behave like a thread";
  }
  is_available = true;
  return nullptr;
}

bool available() { return is_available; }

std::size_t block_bytes() { return layout.pthread_bytes + layout.tls_bytes + layout.align; }

std::size_t alignment() { return layout.align; }

void* create(char* top, pid_t tid, void* owner) {
  auto address = reinterpret_cast<std::uintptr_t>(top) - layout.pthread_bytes;
  address &= ~(layout.align - 1);
  auto* const thread_pointer =
      reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
  if (layout.allocate(thread_pointer) == nullptr) {
    return nullptr;
  }
  set_header(thread_pointer, tid);
  field<void*>(thread_pointer, kOwner) = owner;
  return thread_pointer;
}

bool renew(void* thread_pointer, pid_t tid) {
  char kept[kMaxLibcTls] = {};
  char* const libc = static_cast<char*>(thread_pointer) + layout.libc.offset;
  std::memcpy(kept, libc, layout.libc.size);
  void* const owner = owner_of(thread_pointer);
  layout.deallocate(thread_pointer, false);
  std::memset(thread_pointer, 0, layout.pthread_bytes);
  if (layout.allocate(thread_pointer) == nullptr) {
    return false;
  }
  std::memcpy(libc, kept, layout.libc.size);
  set_header(thread_pointer, tid);
  field<void*>(thread_pointer, kOwner) = owner;
  return true;
}

void* owner_of(const void* thread_pointer) {
  return field<void*>(const_cast<void*>(thread_pointer), kOwner);
}

void on_start() {
  errno = 0;
  layout.ctype_init();
}

void on_exit(pid_t lock_owner) {
  layout.call_tls_dtors();
  void* const self = arch::thread_pointer();
  for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; ++round) {
    if (!run_key_destructors(self)) {
      break;
    }
  }
  free_key_blocks(self);
  release_robust_mutexes(self, lock_owner);
  ::uselocale(LC_GLOBAL_LOCALE);
}

void count_threads(int difference) {
  if (layout.threads != nullptr) {
    __atomic_fetch_add(layout.threads, static_cast<unsigned int>(difference), __ATOMIC_SEQ_CST);
  }
}

bool is_cancellable(const void* thread_pointer) {
  return (cancel_bits(const_cast<void*>(thread_pointer)) & kCancelDisabled) == 0;
}

bool is_cancellable_at_any_time(const void* thread_pointer) {
  return (cancel_bits(const_cast<void*>(thread_pointer)) & (kCancelDisabled | kCancelAtAnyTime)) ==
         kCancelAtAnyTime;
}

void mark_cancelled(void* thread_pointer) {
  __atomic_fetch_or(&cancel_bits(thread_pointer), kIsCancelled, __ATOMIC_SEQ_CST);
}

pid_t tid_of(const void* thread_pointer) {
  return field<pid_t>(const_cast<void*>(thread_pointer), static_cast<std::ptrdiff_t>(layout.tid));
}

void set_tid(void* thread_pointer, pid_t tid) {
  field<pid_t>(thread_pointer, static_cast<std::ptrdiff_t>(layout.tid)) = tid;
}

void* robust_list_of(void* thread_pointer) {
  return &field<RobustHead>(thread_pointer, layout.robust);
}

}  // namespace weft::runtime::tcb

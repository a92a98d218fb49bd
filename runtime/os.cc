#include "runtime/os.h"

#include <sys/mman.h>

#include "runtime/sys.h"

namespace weft::runtime::os {
namespace {
void* pointer_or_null(long result) {
  return sys::failed(result) ? nullptr
                             : reinterpret_cast<void*>(result);  // NOLINT(performance-no-int-to-ptr)
}
}  // namespace

void* map(std::size_t bytes) {
  return pointer_or_null(sys::call(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

void unmap(void* memory, std::size_t bytes) { sys::call(SYS_munmap, memory, bytes); }

void* remap(void* memory, std::size_t old_bytes, std::size_t new_bytes) {
  return pointer_or_null(
      sys::call(SYS_mremap, memory, old_bytes, new_bytes, MREMAP_MAYMOVE));
}

}  // namespace weft::runtime::os

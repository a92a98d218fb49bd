// weft/patch.h: makes the blocking calls of this process cooperative, as gevent.monkey.patch_all()
// does.
//
// Layer:  hooks, public. Link libweft_hooks ahead of libc (-lweft_hooks); without the call it does
// nothing.
#pragma once
#include <weft/call_group.h>

#include <string_view>

namespace weft {

/// What patch_all() is to turn on.
///
/// Errors:   none.
/// Threads:  a value.
///
///     weft::PatchOptions{.except = weft::CallGroup::kSignal}
struct PatchOptions {
  CallGroups only = kUsualGroups;  ///< these groups
  CallGroups except = {};          ///< but for these
};

/// Turns the hooks on and makes the calling thread's code the main fiber of a scheduler: from now
/// on blocking calls on fibers park them, and pthread_create makes fibers.
///
/// Errors:   throws std::system_error if the scheduler can't start (EMFILE: descriptors, memory),
///           it is too late, because the process is patched, or runs under `weft run`, or the
///           thread has spawned fibers already (EALREADY), or the hooks would never be called,
///           because the library is behind libc in the loader's order (ENOTSUP). Then nothing has
///           changed.
/// Threads:  call it once, early in main, before other threads exist. Locks that are held meanwhile
///           stay valid; threads that wait for a condition meanwhile are not woken by later
///           signals.
/// Promise:  one fiber runs at a time, unless one is stuck for more than 10 ms (WEFT_SLICE), or
///           WEFT_WORKERS says otherwise.
/// Source:   gevent.monkey.patch_all.
///
///     weft::patch_all();
///     weft::patch_all({.except = weft::CallGroup::kSignal | weft::CallGroup::kProcess});
void patch_all(const PatchOptions& options = {});

/// The groups that are on: none before patch_all().
///
/// Errors:   none.
/// Threads:  any.
///
///     std::puts(weft::names(weft::patched_groups()).c_str());
[[nodiscard]] CallGroups patched_groups();

/// Whether all these groups are on.
///
/// Errors:   none.
/// Threads:  any.
/// Source:   gevent.monkey.is_module_patched.
///
///     weft::is_patched(weft::CallGroup::kTime)
[[nodiscard]] bool is_patched(CallGroups groups);

/// Whether the program's calls of this function of libc reach weft, and its group is on. False for
/// functions that weft leaves alone (hooks/symbols.tsv says which, and why).
///
/// Errors:   none.
/// Threads:  any.
/// Source:   gevent.monkey.is_object_patched.
///
///     weft::is_patched("recv")
[[nodiscard]] bool is_patched(std::string_view function);

namespace detail {
void* original_named(const char* name);
void* original_of(void* function);
}  // namespace detail

/// What a function of this name is without weft: libc's own, or that of a library preloaded behind
/// weft. It blocks its kernel thread, and knows nothing of fibers. Null if there is none.
///
/// Errors:   none. The type is the caller's word.
/// Threads:  any; before patch_all(), too.
/// Source:   gevent.monkey.get_original.
///
///     auto* real_read = weft::original<ssize_t(int, void*, size_t)>("read");
template <class Function>
[[nodiscard]] Function* original(const char* name) {
  return reinterpret_cast<Function*>(detail::original_named(name));
}

/// The same for a function that is declared: for one that weft leaves alone, the function itself.
///
/// Errors:   none.
/// Threads:  any; before patch_all(), too.
/// Source:   gevent.monkey.get_original.
///
///     weft::original<&::sleep>()(1);   // stops this kernel thread
template <auto kFunction>
[[nodiscard]] auto original() {
  static void* const found = detail::original_of(reinterpret_cast<void*>(kFunction));
  return reinterpret_cast<decltype(kFunction)>(found);
}

}  // namespace weft

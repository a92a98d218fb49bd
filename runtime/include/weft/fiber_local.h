// weft/fiber_local.h: a variable of which every fiber has its own.
//
// Layer:  runtime, public.      See also: weft/fiber.h (SpawnOptions::own_tls makes plain
// thread_local do the same).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace weft {

namespace detail {

/// A number that no other fiber_local has or had.
std::uint64_t new_local_key();
/// The running fiber's value for the key; null if it has none yet.
void* find_local(std::uint64_t key);
/// Gives the running fiber a value for the key, and `destroy` to call with it when the fiber ends.
void add_local(std::uint64_t key, void* value, void (*destroy)(void*));

}  // namespace detail

/// A value of type T per fiber, made when the fiber first uses it; off a fiber, one per kernel
/// thread.
///
/// Errors:   whatever making a T throws; the fiber then has no value yet.
/// Threads:  any; each sees its own value only. The fiber_local itself is not changed by use.
/// Promise:  a value is destroyed by its fiber, last made first, when the fiber ends, and not when
///           the fiber_local is destroyed. Its address stays the same until then.
/// Source:   gevent.local.local; pthread_getspecific(3).
///
///     weft::fiber_local<int> depth([] { return 1; });
///     ++*depth;
template <class T>
class fiber_local {  // NOLINT(readability-identifier-naming): named as thread_local is
 public:
  /// Has values made as `T()`.
  fiber_local() : make_([] { return T(); }) {}
  /// Has values made by `make`, on the fiber that they are for.
  explicit fiber_local(std::function<T()> make) : make_(std::move(make)) {}
  fiber_local(const fiber_local&) = delete;
  fiber_local& operator=(const fiber_local&) = delete;
  ~fiber_local() = default;

  /// The calling fiber's value.
  T& get() const {
    void* value = detail::find_local(key_);
    if (value == nullptr) {
      value = add();
    }
    return *static_cast<T*>(value);
  }
  /// get(), as a pointer has it.
  T& operator*() const { return get(); }
  /// A member of get().
  T* operator->() const { return &get(); }

 private:
  T* add() const {
    std::unique_ptr<T> value(new T(make_()));
    detail::add_local(key_, value.get(), [](void* old) { delete static_cast<T*>(old); });
    return value.release();
  }

  const std::uint64_t key_ = detail::new_local_key();
  const std::function<T()> make_;
};

}  // namespace weft

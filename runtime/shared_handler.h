// shared_handler.h: a handler of the user's that may be changed while it is called.
//
// Layer:  runtime.
#pragma once
#include <memory>
#include <utility>

#include "runtime/spin_lock.h"

namespace weft::runtime {

/// A std::function, or none. Calls that have begun go on with the handler before. Threads: any.
template <class Handler>
class SharedHandler {
 public:
  /// Null if there is none.
  [[nodiscard]] std::shared_ptr<const Handler> get() {
    const SpinGuard hold(lock_);
    return handler_;
  }
  /// Returns the handler before. on_change(whether there is one now) runs under the lock, so that
  /// what it notes agrees with the handler.
  template <class OnChange>
  Handler exchange(Handler handler, OnChange on_change) {
    std::shared_ptr<const Handler> other =
        handler == nullptr ? nullptr : std::make_shared<const Handler>(std::move(handler));
    {
      const SpinGuard hold(lock_);
      std::swap(handler_, other);
      on_change(handler_ != nullptr);
    }
    return other == nullptr ? Handler() : *other;
  }

 private:
  SpinLock lock_;
  std::shared_ptr<const Handler> handler_;
};

}  // namespace weft::runtime

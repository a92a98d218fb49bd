// weft/detail/link.h: what a fiber's end sets off. No part of the API: AnyFiber::link() is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/detail/task.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace weft {

/// Names a link, for AnyFiber::unlink().
struct LinkToken {
  std::uint64_t number = 0;  ///< unique in the process; 0: no link
};

namespace detail {

enum class LinkedTo : std::uint8_t { kAnyEnd, kValue, kException };

/// Starts a fiber that waits for the task's end and then makes the call, if it was such an end.
/// Where no fiber can be had, that is unhandled.
void start_link(Task& task, LinkedTo which, std::function<void()> call) noexcept;

/// A call of the user's, with the handle or with nothing.
template <class Handle, class F>
struct LinkedCall final : Link {
  LinkedCall(LinkedTo which_end, F&& given) : which(which_end), call(std::move(given)) {}
  LinkedCall(LinkedTo which_end, const F& given) : which(which_end), call(given) {}

  void run(Task& task) noexcept override {
    task.retain();
    start_link(task, which, [f = std::move(call), handle = Handle::of(&task)]() mutable {
      if constexpr (std::is_invocable_v<F&, const Handle&>) {
        std::invoke(f, std::as_const(handle));
      } else {
        std::invoke(f);
      }
    });
  }

  LinkedTo which;
  F call;
};

}  // namespace detail
}  // namespace weft

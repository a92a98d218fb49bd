// weft/detail/thread_job.h: what a thread pool has to do. No part of the API: weft/thread_pool.h
// is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/async_result.h>

#include <exception>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weft::detail {

/// One call. Either run() or fail() is called, or it is dropped.
class ThreadJob {
 public:
  ThreadJob() = default;
  ThreadJob(const ThreadJob&) = delete;
  ThreadJob& operator=(const ThreadJob&) = delete;
  virtual ~ThreadJob() = default;
  virtual void run() = 0;
  virtual void fail(const std::exception_ptr& error) = 0;
};

/// What has come of a call, as AsyncResult takes it.
template <class R>
class CallOutcome {
 public:
  CallOutcome() = default;
  explicit CallOutcome(std::exception_ptr error) : error_(std::move(error)) {}
  template <class Call>
  void run(Call& call) {
    try {
      if constexpr (std::is_void_v<R>) {
        call();
      } else {
        value_.emplace(call());
      }
    } catch (...) {
      error_ = std::current_exception();
    }
  }
  [[nodiscard]] bool was_killed() const { return false; }
  [[nodiscard]] std::exception_ptr exception() const { return error_; }
  [[nodiscard]] auto get() const {
    if constexpr (!std::is_void_v<R>) {
      return std::move(*value_);
    }
  }

 private:
  mutable std::conditional_t<std::is_void_v<R>, std::optional<bool>, std::optional<R>> value_;
  std::exception_ptr error_;
};

/// A call of decayed copies, as std::thread makes.
template <class R, class F, class... Args>
class ThreadCall final : public ThreadJob {
 public:
  template <class... Given>
  explicit ThreadCall(AsyncResult<R> result, Given&&... given)
      : result_(std::move(result)), call_(std::in_place, std::forward<Given>(given)...) {}
  ThreadCall(const ThreadCall&) = delete;
  ThreadCall& operator=(const ThreadCall&) = delete;
  ~ThreadCall() override { result_.cancel(); }  // unless it was run

  void run() override {
    if (result_.ready()) {
      return;  // cancelled
    }
    CallOutcome<R> outcome;
    auto call = [this]() -> decltype(auto) {
      return std::apply(
          [](F& f, Args&... args) -> decltype(auto) {
            return std::invoke(std::move(f), std::move(args)...);
          },
          *call_);
    };
    outcome.run(call);
    call_.reset();  // before anybody hears of the result
    result_(outcome);
  }
  void fail(const std::exception_ptr& error) override {
    if (!result_.ready()) {
      result_(CallOutcome<R>(error));
    }
  }

 private:
  AsyncResult<R> result_;
  std::optional<std::tuple<F, Args...>> call_;
};

}  // namespace weft::detail

// weft/detail/task.h: what a fiber and its handles share. No part of the API: weft/fiber.h is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weft::detail {

/// One fiber's work and what came of it. The fiber and each handle hold a reference; the last one
/// deletes it.
///
/// Fields: constant once spawned: id, name. The fiber only, until `ended`: error. Any thread: the
/// atomics.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  /// The fiber has failed, and nobody ever fetched its result: that is unhandled (unhandled.h).
  virtual ~Task();

  /// Calls the callable, keeps what it returns and destroys it. On the fiber, once.
  virtual void execute() = 0;

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }
  [[nodiscard]] bool has_one_owner() const {
    return references_.load(std::memory_order_acquire) == 1;
  }
  [[nodiscard]] bool has_ended() const { return ended.load(std::memory_order_acquire) != 0; }

  std::atomic<std::uint32_t> ended{0};  // joiners wait for this word
  std::atomic<bool> fetched{false};
  std::uint64_t id = 0;
  char name[16] = {};
  std::exception_ptr error;

 private:
  std::atomic<std::uint32_t> references_{1};
};

/// A task with a result. take() is called once it has ended without an error.
template <class R>
class ResultTask : public Task {
 public:
  R take() {
    if constexpr (std::is_copy_constructible_v<R>) {
      return *value_;
    } else {
      return std::move(*value_);
    }
  }

 protected:
  template <class Call>
  void keep(Call&& call) {
    value_.emplace(std::forward<Call>(call)());
  }

 private:
  std::optional<R> value_;
};

template <class R>
class ResultTask<R&> : public Task {
 public:
  R& take() { return *value_; }

 protected:
  template <class Call>
  void keep(Call&& call) {
    value_ = &std::forward<Call>(call)();
  }

 private:
  R* value_ = nullptr;
};

template <>
class ResultTask<void> : public Task {
 public:
  void take() {}

 protected:
  template <class Call>
  void keep(Call&& call) {
    std::forward<Call>(call)();
  }
};

template <class F, class... Args>
using ResultOf = std::remove_cv_t<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>;

/// A task that calls decayed copies, as std::thread does.
template <class F, class... Args>
class CallTask final : public ResultTask<ResultOf<F, Args...>> {
 public:
  template <class... Given>
  explicit CallTask(std::in_place_t, Given&&... given)
      : call_(std::in_place, std::forward<Given>(given)...) {}

  void execute() override {
    // Before the destructors of thread_local objects, on the fiber: what it holds may need them.
    // NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): local, never copied
    struct Destroy {
      std::optional<std::tuple<F, Args...>>& call;
      ~Destroy() { call.reset(); }
    };
    const Destroy destroy{call_};
    this->keep([this]() -> decltype(auto) {
      return std::apply(
          [](F& f, Args&... args) -> decltype(auto) {
            return std::invoke(std::move(f), std::move(args)...);
          },
          *call_);
    });
  }

 private:
  std::optional<std::tuple<F, Args...>> call_;
};

/// Waits until the task has ended. False if the deadline passed. Throws EDEADLK from the task's own
/// fiber, EINVAL for null.
bool join(const Task* task, std::int64_t deadline);

/// As join(), then rethrows what ended the fiber, if anything did.
void fetch(Task* task);

/// Starts a fiber that executes the task, and takes over one reference to it. Throws, and takes
/// none, when it can't.
struct StartOptions {
  void* scheduler = nullptr;  // null: the calling thread's
  std::size_t stack_bytes = 0;
  const char* name = "";
  std::optional<bool> own_tls;
};
void start(Task* task, const StartOptions& options);

}  // namespace weft::detail

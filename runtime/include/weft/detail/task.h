// weft/detail/task.h: what a fiber and its handles share. No part of the API: weft/fiber.h is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/detail/rmw.h>
#include <weft/detail/time.h>
#include <weft/detail/wait_point.h>
#include <weft/fiber_exit.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weft::detail {

class Task;

/// What is to be done when a fiber has ended.
struct Link {
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;
  /// Must not wait nor throw. A plain one is called while the task ends, perhaps a moment before
  /// `ended`; a raw one behind that.
  virtual void run(Task& task) noexcept = 0;

  std::uint64_t number = 0;
  bool is_raw = false;
  Link* next = nullptr;
};

/// One fiber's work and what came of it. The fiber and each handle hold a reference; the last one
/// deletes it.
///
/// Fields: constant once spawned: id, parent_id, fiber, starts_at. The fiber only, until `ended`:
/// error, was_killed. Guarded by the lock of the parking lot for `ended`: links; by a lock of their
/// own: names. Any thread: the atomics.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  /// The fiber has failed, and nobody ever fetched its result: that is unhandled (unhandled.h).
  virtual ~Task();

  /// Calls the callable, keeps what it returns and destroys it. On the fiber, once.
  virtual void execute() = 0;
  /// Destroys the callable of a task that is not to be executed. On the fiber, once.
  virtual void drop() = 0;

  void retain() { fetch_add(references_, 1U, std::memory_order_relaxed); }
  void release() {
    // The last one has nobody to agree with.
    if (has_one_owner() || fetch_add(references_, ~0U, std::memory_order_acq_rel) == 1) {
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
  std::uint64_t parent_id = 0;
  char name[16] = {};
  std::exception_ptr error;
  bool was_killed = false;     // the error is FiberExit, and no failure
  void* fiber = nullptr;       // of the runtime: alive until it has ended
  std::int64_t starts_at = 0;  // a deadline to sleep until first; 0: none
  // Guarded by the list of background fibers, see api_background.cc.
  Task* next_background = nullptr;
  Task** background_link = nullptr;  // what points to it
  bool is_told_to_end = false;

  /// Whether it is executed: settled once, by the fiber or by who kills it.
  enum class Stage : std::uint32_t { kWaits, kStarted, kSkipped };
  std::atomic<Stage> stage{Stage::kWaits};
  std::atomic<Link*> links{nullptr};

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

  void drop() override { call_.reset(); }

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

/// Has the task's fiber throw at its next wait. True if it has not started, and so never will.
/// Rethrows at once in the task's own fiber. Throws EINVAL for null.
bool throw_into(Task* task, const std::exception_ptr& error);

/// Adds a link, or runs it if the task has ended. Returns its number.
std::uint64_t add_link(Task* task, Link* link);
/// Removes it, unless it has been run. Whether it has.
bool remove_link(Task* task, std::uint64_t number);
/// Removes all but the raw ones.
void remove_links(Task* task);
bool has_links(const Task* task);

/// Its name, "" for null.
std::string name_of(const Task* task);
/// Its name, and its fiber's. Throws EINVAL for null.
void set_name(Task* task, const std::string& name);

/// The error of a task that has ended, which counts as fetched.
std::exception_ptr fetch_error(Task& task);
/// Where to wait for its end. Throws EINVAL for null.
WaitPoint end_of(const Task* task);

/// Starts a fiber that executes the task, and takes over one reference to it. Throws, and takes
/// none, when it can't.
struct StartOptions {
  void* scheduler = nullptr;  // null: the calling thread's
  std::size_t stack_bytes = 0;
  const char* name = "";
  std::optional<bool> own_tls;
  std::chrono::nanoseconds delay{0};  // of the start; by the clock of the scheduler, once that runs
  bool background = false;
};
void start(Task* task, const StartOptions& options);

}  // namespace weft::detail

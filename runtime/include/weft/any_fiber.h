// weft/any_fiber.h: a handle of a fiber, whatever that returns: to wait for it, and to end it.
//
// Layer:  runtime, public.      See also: weft/fiber.h, weft/joinall.h.
#pragma once
#include <weft/detail/link.h>
#include <weft/detail/task.h>
#include <weft/detail/time.h>
#include <weft/detail/wait_point.h>
#include <weft/fiber_exit.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace weft {
namespace detail {
class Members;
struct Running;
}  // namespace detail

/// A handle of a fiber, whatever that returns. Copies refer to the same fiber; dropping them all
/// detaches it.
///
/// Errors:   join throws std::system_error: EDEADLK from the fiber itself, EINVAL for a handle of
///           no fiber; FiberExit or TimeoutError when the waiting fiber is killed or out of time.
/// Threads:  any, fiber or not; one handle by one thread at a time, copies of it by many.
/// Promise:  a fiber has ended when its callable and its thread_local objects are destroyed. An
///           exception that nobody fetches is unhandled when the last handle goes away: see
///           on_unhandled().
/// Source:   gevent.Greenlet.
///
///     std::vector<weft::AnyFiber> all{weft::spawn(f), weft::spawn(g)};
// NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): assignment by value serves both
class AnyFiber {
 public:
  AnyFiber() = default;
  AnyFiber(const AnyFiber& other) : task_(other.task_) {
    if (task_ != nullptr) {
      task_->retain();
    }
  }
  AnyFiber(AnyFiber&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  AnyFiber& operator=(AnyFiber other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~AnyFiber() {
    if (task_ != nullptr) {
      task_->release();
    }
  }

  /// Waits until the fiber has ended. What it threw stays with it: see Fiber::get().
  void join() const { detail::join(task_, detail::kNever); }

  /// As join(), for at most `timeout` (any std::chrono duration). False if the fiber has not ended
  /// by then.
  template <class Rep, class Period>
  bool join_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return detail::join(task_, detail::deadline_after(timeout));
  }
  /// As join_for(), until `moment`.
  template <class Clock, class Duration>
  // NOLINTNEXTLINE(modernize-use-nodiscard): a caller may only want to wait
  bool join_until(const std::chrono::time_point<Clock, Duration>& moment) const {
    return detail::join(task_, detail::deadline_at(moment));
  }

  /// Ends the fiber: throws `error` into it, at the wait of the API that it is in or at its next
  /// one, and waits until it has ended. A fiber that has not started yet never will. One that has
  /// ended is left alone.
  ///
  /// Errors:   as join(). A fiber that kills itself throws at once.
  /// Threads:  any.
  /// Promise:  a wake-up that the fiber has received counts, and it throws at its next wait. It may
  ///           catch the error and go on: then this waits on. What blocks in a C function that weft
  ///           hooks (weft::patch_all) fails there with ECANCELED, again and again, until a wait of
  ///           the API throws; waits for locks go on. A std::exception that such a failure made
  ///           leave the fiber counts as `error`.
  /// Source:   gevent.Greenlet.kill().
  ///
  ///     fiber.kill();
  ///     fiber.kill(std::runtime_error("too slow"));
  template <class Error = FiberExit>
  void kill(Error error = {}) const {
    kill_soon(std::move(error));
    join();
  }
  /// As kill(), and waits for at most `timeout`. False if the fiber has not ended by then.
  template <class Rep, class Period, class Error = FiberExit>
  bool kill_for(const std::chrono::duration<Rep, Period>& timeout, Error error = {}) const {
    kill_soon(std::move(error));
    return join_for(timeout);
  }
  /// As kill(), and does not wait. True if the fiber had not started, and so never will. gevent's
  /// kill(block=False); concurrent.futures.Future.cancel().
  template <class Error = FiberExit>
  // NOLINTNEXTLINE(modernize-use-nodiscard): most callers only want it dead
  bool kill_soon(Error error = {}) const {
    if constexpr (std::same_as<Error, std::exception_ptr>) {
      return detail::throw_into(task_, error);
    } else {
      return detail::throw_into(task_, std::make_exception_ptr(std::move(error)));
    }
  }

  /// Has `f(handle)` or `f()` called on a fiber of its own when the fiber has ended, or at once if
  /// it has. It belongs to the scheduler of the fiber that has ended.
  ///
  /// Errors:   std::system_error(EINVAL) for a handle of no fiber. What `f` throws is unhandled.
  /// Threads:  any.
  /// Source:   gevent.Greenlet.link().
  ///
  ///     fiber.link([](const weft::AnyFiber& done) { log(done.name()); });
  template <class F>
  LinkToken link(F f) const {
    return add_link<AnyFiber>(detail::LinkedTo::kAnyEnd, std::move(f));
  }
  /// As link(), only if the fiber ends without an error; to be killed is none.
  template <class F>
  LinkToken link_value(F f) const {
    return add_link<AnyFiber>(detail::LinkedTo::kValue, std::move(f));
  }
  /// As link(), only if the fiber ends by an error.
  template <class F>
  LinkToken link_exception(F f) const {
    return add_link<AnyFiber>(detail::LinkedTo::kException, std::move(f));
  }
  /// Takes back a link. False if it has been called, or is about to be.
  // NOLINTNEXTLINE(modernize-use-nodiscard): most callers only want it gone
  bool unlink(LinkToken token) const { return detail::remove_link(task_, token.number); }
  /// Takes back all links that have not been called.
  void unlink_all() const { detail::remove_links(task_); }
  /// Whether there are links that have not been called.
  [[nodiscard]] bool has_links() const { return detail::has_links(task_); }

  /// Whether the fiber has ended.
  [[nodiscard]] bool ready() const { return task_ != nullptr && task_->has_ended(); }
  /// Whether the fiber has begun to run its callable. False for ever if it was killed before that.
  [[nodiscard]] bool started() const {
    return task_ != nullptr && task_->stage.load() == detail::Task::Stage::kStarted;
  }
  /// Whether the fiber has ended without an error; to be killed is none.
  [[nodiscard]] bool successful() const {
    return ready() && (task_->error == nullptr || task_->was_killed);
  }
  /// Whether the fiber has ended by FiberExit.
  [[nodiscard]] bool was_killed() const { return ready() && task_->was_killed; }
  /// What has ended the fiber, and is handled by that; null if nothing has, or not yet, and for one
  /// that was killed.
  [[nodiscard]] std::exception_ptr exception() const {
    return ready() && !task_->was_killed ? detail::fetch_error(*task_) : nullptr;
  }
  /// As this_fiber::id() in the fiber; 0 for a handle of no fiber.
  [[nodiscard]] std::uint64_t id() const { return task_ == nullptr ? 0 : task_->id; }
  /// As this_fiber::parent_id() in the fiber; 0 for a handle of no fiber.
  [[nodiscard]] std::uint64_t parent_id() const { return task_ == nullptr ? 0 : task_->parent_id; }
  /// The name given to spawn() or set_name(), cut to 15 characters.
  [[nodiscard]] std::string name() const { return detail::name_of(task_); }
  /// Gives the fiber another name, of which 15 characters are kept.
  ///
  /// Errors:   std::system_error(EINVAL) for a handle of no fiber.
  /// Threads:  any, at any time; also after its end.
  /// Source:   gevent.Greenlet.name; pthread_setname_np(3).
  ///
  ///     fiber.set_name("of " + user);
  void set_name(const std::string& name) const { detail::set_name(task_, name); }

  /// For weft::wait(): ready when the fiber has ended.
  [[nodiscard]] detail::WaitPoint wait_point() const { return detail::end_of(task_); }

 protected:
  /// Takes over a reference.
  explicit AnyFiber(detail::Task* task) : task_(task) {}
  /// What it refers to; null for no fiber.
  [[nodiscard]] detail::Task* task() const { return task_; }
  /// A link whose call takes a Handle.
  template <class Handle, class F>
  LinkToken add_link(detail::LinkedTo which, F f) const {
    return {detail::add_link(task_, new detail::LinkedCall<Handle, F>(which, std::move(f)))};
  }

 private:
  friend class detail::Members;
  friend struct detail::Running;
  template <class Handle, class F>
  friend struct detail::LinkedCall;
  static AnyFiber of(detail::Task* task) { return AnyFiber(task); }

  detail::Task* task_ = nullptr;
};

}  // namespace weft

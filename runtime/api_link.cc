#include "runtime/api_link.h"

#include <weft/detail/shielded.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>

#include "runtime/api_error.h"
#include "runtime/api_unhandled.h"
#include "runtime/parking_lot.h"
#include "runtime/spin_lock.h"

// A link that is added while the fiber ends is found by it, or finds that it has ended: the fiber
// stores `ended` and then takes the lock to unpark who waits; who adds looks at `ended` under it.

namespace weft::detail {
namespace {

runtime::SpinLock& lock_of(const Task& task) { return runtime::lot::bucket_of(&task.ended).lock; }

void require(const Task* task, const char* call) {
  if (task == nullptr) {
    throw_errno(EINVAL, call);
  }
}

// Takes out the links that `is_meant` says, in order, and returns them as a list.
template <class IsMeant>
Link* take(Task& task, IsMeant is_meant) {
  if (task.links.load(std::memory_order_relaxed) == nullptr) {
    return nullptr;
  }
  const runtime::SpinGuard hold(lock_of(task));
  Link* taken = nullptr;
  Link** taken_end = &taken;
  Link* kept = nullptr;
  Link** kept_end = &kept;
  for (Link* link = task.links.load(std::memory_order_relaxed); link != nullptr;) {
    Link* const next = link->next;
    link->next = nullptr;
    Link**& end = is_meant(*link) ? taken_end : kept_end;
    *end = link;
    end = &link->next;
    link = next;
  }
  task.links.store(kept, std::memory_order_relaxed);
  return taken;
}

template <class Use>
void for_each(Link* list, Use use) {
  while (list != nullptr) {
    const std::unique_ptr<Link> link(list);
    list = link->next;
    use(*link);
  }
}

class CallbackTask final : public ResultTask<void> {
 public:
  CallbackTask(Task& of, LinkedTo which, std::function<void()> call)
      : of_(of), which_(which), call_(std::move(call)) {
    of_.retain();
  }
  CallbackTask(const CallbackTask&) = delete;
  CallbackTask& operator=(const CallbackTask&) = delete;
  ~CallbackTask() override { of_.release(); }

  void drop() override { call_ = nullptr; }
  void execute() override {
    {
      const Shielded shielded;  // a moment: it ends just now
      join(&of_, kNever);
    }
    const bool has_failed = of_.error != nullptr && !of_.was_killed;
    if (which_ == LinkedTo::kAnyEnd || (which_ == LinkedTo::kException) == has_failed) {
      call_();
    }
    drop();
  }

 private:
  Task& of_;
  LinkedTo which_;
  std::function<void()> call_;
};

}  // namespace

void start_link(Task& task, LinkedTo which, std::function<void()> call) noexcept {
  const std::uint64_t id = task.id;
  const std::string name = name_of(&task);
  try {
    struct Release {
      void operator()(Task* it) const { it->release(); }
    };
    const std::unique_ptr<Task, Release> work(new CallbackTask(task, which, std::move(call)));
    start(work.get(), {});
  } catch (...) {
    handle({.fiber = id, .name = name, .error = std::current_exception()});
  }
}

std::uint64_t add_link(Task* task, Link* link) {
  static constinit std::atomic<std::uint64_t> next{1};
  std::unique_ptr<Link> owned(link);
  require(task, "weft::Fiber::link: a handle of no fiber");
  const std::uint64_t number = next.fetch_add(1, std::memory_order_relaxed);
  link->number = number;
  {
    const runtime::SpinGuard hold(lock_of(*task));
    if (!task->has_ended()) {
      Link* last = task->links.load(std::memory_order_relaxed);
      while (last != nullptr && last->next != nullptr) {
        last = last->next;
      }
      if (last == nullptr) {
        task->links.store(owned.release(), std::memory_order_relaxed);
      } else {
        last->next = owned.release();
      }
    }
  }
  if (owned != nullptr) {
    owned->run(*task);
  }
  return number;
}

bool remove_link(Task* task, std::uint64_t number) {
  require(task, "weft::Fiber::unlink: a handle of no fiber");
  Link* const link = take(*task, [number](const Link& it) { return it.number == number; });
  delete link;
  return link != nullptr;
}

void remove_links(Task* task) {
  require(task, "weft::Fiber::unlink_all: a handle of no fiber");
  for_each(take(*task, [](const Link& it) { return !it.is_raw; }), [](const Link&) {});
}

bool has_links(const Task* task) {
  if (task == nullptr) {
    return false;
  }
  const runtime::SpinGuard hold(lock_of(*task));
  for (const Link* link = task->links.load(std::memory_order_relaxed); link != nullptr;
       link = link->next) {
    if (!link->is_raw) {
      return true;
    }
  }
  return false;
}

void run_links(Task& task, Links which) {
  for_each(take(task, [which](const Link& it) { return which == Links::kAll || !it.is_raw; }),
           [&task](Link& link) { link.run(task); });
}

}  // namespace weft::detail

#include "net/server_core.h"

#include <weft/clock.h>
#include <weft/detail/shielded.h>
#include <weft/detail/time.h>
#include <weft/joinall.h>
#include <weft/sleep.h>
#include <weft/this_fiber.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <new>
#include <optional>

#include "runtime/guard.h"

namespace weft::detail {
namespace {

bool is_fatal(const std::system_error& error) {
  const int number = error.code().value();
  return number == EBADF || number == EINVAL || number == ENOTSOCK;
}

}  // namespace

ServerCore::ServerCore(const net::ServerOptions& options)
    : options_(options), permits_(options.pool) {}

// ---- Life

void ServerCore::start() {
  const Guard starting(start_);
  if (started()) {
    return;
  }
  joinall(other_acceptors());  // of its life before
  open();
  has_ended_.clear();
  is_accepting_.store(true);
  try {
    spawn_acceptors();
  } catch (...) {
    close();  // it starts with all of them, or not at all
    throw;
  }
}

void ServerCore::spawn_acceptors() {
  const auto count = static_cast<std::size_t>(std::max(options_.acceptors, 1));
  const Guard hold(mutex_);
  error_ = nullptr;
  acceptors_.clear();
  acceptors_.reserve(count);  // what was spawned is known
  const SpawnOptions named = {.name = "acceptor"};
  const auto work = [core = shared_from_this()] { core->run_acceptor(); };
  while (acceptors_.size() < count) {
    acceptors_.push_back(options_.scheduler != nullptr ? options_.scheduler->spawn(named, work)
                                                       : spawn(named, work));
  }
}

void ServerCore::close() {
  if (!is_accepting_.exchange(false)) {
    return;
  }
  const Shielded whole;
  socket()->close();
  // Those that wait for a place, or until descriptors are to be had again.
  for (const AnyFiber& acceptor : other_acceptors()) {
    acceptor.kill_soon();
  }
  has_ended_.set();
}

bool ServerCore::stop(std::int64_t deadline) {
  close();
  joinall(other_acceptors());
  const std::vector<AnyFiber> handlers = other_handlers();
  const Clock::time_point end = moment_of(deadline);
  if (std::ranges::all_of(handlers, [end](const AnyFiber& each) { return each.join_until(end); })) {
    return true;
  }
  killall(handlers);
  static_cast<void>(other_handlers());  // gives up those that have never begun
  return false;
}

void ServerCore::await_end() {
  has_ended_.wait();
  const Guard hold(mutex_);
  if (error_ != nullptr) {
    std::rethrow_exception(error_);
  }
}

std::size_t ServerCore::active() {
  const Guard hold(mutex_);
  return handlers_.size();
}

std::vector<AnyFiber> ServerCore::other_acceptors() {
  const Guard hold(mutex_);
  std::vector<AnyFiber> others;
  std::ranges::copy_if(acceptors_, std::back_inserter(others),
                       [](const AnyFiber& acceptor) { return acceptor.id() != this_fiber::id(); });
  return others;
}

std::vector<AnyFiber> ServerCore::other_handlers() {
  const Guard hold(mutex_);
  std::erase_if(handlers_, [](const AnyFiber& handler) { return handler.ready(); });
  std::vector<AnyFiber> others;
  std::ranges::copy_if(handlers_, std::back_inserter(others),
                       [](const AnyFiber& handler) { return handler.id() != this_fiber::id(); });
  return others;
}

// ---- Accepting

void ServerCore::run_acceptor() {
  std::chrono::nanoseconds delay = options_.min_delay;
  int in_a_row = 0;
  while (started()) {
    std::optional<std::system_error> failed;
    try {
      Permit permit = take_permit();
      spawn_handler(accept(), std::move(permit));
      delay = options_.min_delay;
    } catch (const std::system_error& error) {
      if (is_fatal(error)) {
        end_by(std::current_exception());
        return;
      }
      failed = error;
    } catch (const std::bad_alloc&) {
      failed = no_memory_;
    }
    if (failed) {
      back_off(*failed, &delay);
    } else if (++in_a_row % std::max(options_.max_accept, 1) == 0) {
      yield();
    }
  }
}

Permit ServerCore::take_permit() {
  if (options_.pool == 0) {
    return Permit(nullptr);
  }
  permits_.acquire();
  return Permit(&permits_);
}

// If it has been closed, that is why it can't accept.
void ServerCore::end_by(std::exception_ptr error) {
  if (started()) {
    {
      const Guard hold(mutex_);
      error_ = std::move(error);
    }
    close();
  }
}

void ServerCore::back_off(const std::system_error& error, std::chrono::nanoseconds* delay) {
  if (!started()) {
    return;
  }
  if (options_.on_accept_error) {
    options_.on_accept_error(error);
  }
  sleep(*delay);
  *delay = std::min(*delay * 2, options_.max_delay);
}

void ServerCore::spawn_handler(std::unique_ptr<Job> job, Permit permit) {
  const Guard hold(mutex_);
  const auto place = handlers_.emplace(handlers_.end());
  auto run = [core = shared_from_this(), place, job = std::move(job),
              permit = std::move(permit)]() mutable {
    // NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): local, never copied
    struct Leave {
      ServerCore& core;
      Handlers::iterator place;
      ~Leave() { core.forget(place); }
    };
    const Leave leave{*core, place};
    const std::unique_ptr<Job> own = std::move(job);  // ends before the server forgets it
    own->run();
  };
  try {
    *place = spawn(options_.spawn, std::move(run));
  } catch (...) {
    handlers_.erase(place);
    throw;
  }
}

void ServerCore::forget(Handlers::iterator handler) {
  const Shielded whole;
  Handlers gone;
  const Guard hold(mutex_);
  gone.splice(gone.begin(), handlers_, handler);
}

}  // namespace weft::detail

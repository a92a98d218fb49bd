// server_core.h: accepts, spawns handlers, and ends them; whatever it is that is accepted.
//
// Layer:  net.      See also: weft/net/base_server.h, net/DESIGN.md ("Servers").
#pragma once
#include <weft/event.h>
#include <weft/mutex.h>
#include <weft/net/base_server.h>
#include <weft/semaphore.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace weft::detail {

/// What one handler does.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;
  virtual void run() = 0;
};

/// One of the pool's places, given back by the destructor.
class Permit {
 public:
  explicit Permit(Semaphore* from) : from_(from) {}
  Permit(Permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() {
    if (from_ != nullptr) {
      from_->release();
    }
  }

 private:
  Semaphore* from_;  // null: there is no limit
};

/// Invariants: 1. A handler that has begun takes itself out of handlers_. One that is in it and has
///                ended has never begun: it was killed before.
///             2. The pool's permits are free, or held by acceptors and handlers.
///
/// Acceptors and handlers keep it alive.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  explicit ServerCore(const net::ServerOptions& options);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;
  virtual ~ServerCore() = default;

  void start();
  void close();
  bool stop(std::int64_t deadline);
  /// Waits until it is closed. Throws what has ended it, if it was an error.
  void await_end();
  [[nodiscard]] bool started() const { return is_accepting_.load(); }
  [[nodiscard]] std::size_t active();
  [[nodiscard]] const net::ServerOptions& options() const { return options_; }

  /// The socket that is accepted from, in this life.
  [[nodiscard]] virtual std::shared_ptr<net::Socket> socket() = 0;

 protected:
  /// Makes the socket, if it is not there.
  virtual void open() = 0;
  /// Waits for something to do.
  virtual std::unique_ptr<Job> accept() = 0;

 private:
  using Handlers = std::list<AnyFiber>;

  void spawn_acceptors();
  void run_acceptor();
  Permit take_permit();
  void end_by(std::exception_ptr error);
  void back_off(const std::system_error& error, std::chrono::nanoseconds* delay);
  void spawn_handler(std::unique_ptr<Job> job, Permit permit);
  void forget(Handlers::iterator handler);
  std::vector<AnyFiber> other_acceptors();
  std::vector<AnyFiber> other_handlers();

  const net::ServerOptions options_;
  const std::system_error no_memory_{ENOMEM, std::generic_category(), "weft::net: accepting"};
  Semaphore permits_;
  std::atomic<bool> is_accepting_{false};
  Event has_ended_;
  Mutex start_;  // held by who starts it
  Mutex mutex_;  // guards what follows
  std::vector<AnyFiber> acceptors_;
  Handlers handlers_;
  std::exception_ptr error_;
};

}  // namespace weft::detail

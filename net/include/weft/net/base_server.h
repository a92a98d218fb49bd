// weft/net/base_server.h: what servers of all kinds have in common: start, stop, and how much at a
// time.
//
// Layer:  net, public.      See also: weft/net/stream_server.h, datagram_server.h.
#pragma once
#include <weft/detail/time.h>
#include <weft/fiber.h>
#include <weft/net/address.h>
#include <weft/net/stream_listener.h>
#include <weft/scheduler.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>

namespace weft::detail {
class ServerCore;
}  // namespace weft::detail

namespace weft::net {

/// How a server works.
///
/// Units:    any std::chrono duration.
struct ServerOptions {
  /// Handlers at a time; when there are so many the server accepts no more. 0: no limit.
  std::uint32_t pool = 0;
  /// For the socket, if the server makes it.
  ListenOptions listen = {};
  /// Connections, or datagrams, that are accepted in a row before the handlers get a turn.
  int max_accept = 100;
  /// How long it waits when it can't accept, since descriptors or memory are short; doubles up to
  /// max_delay.
  std::chrono::nanoseconds min_delay = std::chrono::milliseconds(10);
  /// The longest of these.
  std::chrono::nanoseconds max_delay = std::chrono::seconds(1);
  /// How long stop() lets handlers end by themselves, if it is not told.
  std::chrono::nanoseconds stop_timeout = std::chrono::seconds(1);
  /// Where acceptors and handlers run, on all of its workers; null: where start() is called.
  Scheduler* scheduler = nullptr;
  /// Fibers that accept.
  int acceptors = 1;
  /// How handlers are spawned.
  SpawnOptions spawn = {.name = "handler"};
  /// Told of each error of accepting that the server outlives, on the fiber that accepts.
  std::function<void(const std::system_error&)> on_accept_error = {};
};

/// A server that calls a handler, each on a fiber of its own.
///
/// Errors:   EBADF, EINVAL and ENOTSOCK of accepting end the server: serve_forever() throws them.
///           Others are waited out. What a handler throws is unhandled (on_unhandled), and ends
///           that handler only.
/// Threads:  any.
/// Promise:  the destructor stops it, as stop(0s) does.
/// Source:   gevent.baseserver.BaseServer.
///
///     server.start();
///     server.stop(5s);
class BaseServer {
 public:
  BaseServer(const BaseServer&) = delete;
  BaseServer& operator=(const BaseServer&) = delete;

  /// Binds, if it was given an address, and accepts from now on. Returns at once. Does nothing if
  /// it has been started. Throws what socket, bind and listen say, and what spawn() does: then it
  /// is closed.
  void start();
  /// Whether it accepts.
  [[nodiscard]] bool started() const;
  /// Starts it, and waits until it is stopped or closed by somebody else. If the wait is called off
  /// it stops.
  void serve_forever();
  /// Accepts no more. Handlers go on. Does not wait.
  void close();
  /// close(), waits at most so long until all handlers have ended, kills those that have not, and
  /// waits until these have ended, too. True if none had to be killed. By a handler: all the
  /// others.
  template <class Rep, class Period>
  bool stop(const std::chrono::duration<Rep, Period>& timeout) {
    return stop_by(weft::detail::deadline_after(timeout));
  }
  /// The same with ServerOptions::stop_timeout.
  bool stop();

  /// Where it listens, once it has been started.
  [[nodiscard]] Address address() const;
  /// Handlers that run now.
  [[nodiscard]] std::size_t active() const;
  /// Whether there are as many as the pool allows.
  [[nodiscard]] bool full() const;

 protected:
  /// Of one of the kinds.
  explicit BaseServer(std::shared_ptr<weft::detail::ServerCore> core);
  ~BaseServer();
  /// What it is made of.
  [[nodiscard]] weft::detail::ServerCore& core() const { return *core_; }

 private:
  bool stop_by(std::int64_t deadline);
  const std::shared_ptr<weft::detail::ServerCore> core_;
};

}  // namespace weft::net

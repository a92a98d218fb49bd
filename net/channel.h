// channel.h: a channel of c-ares whose sockets are its own, and whose waits park the fiber.
//
// Layer:  net.      See also: net/DESIGN.md ("Who drives a lookup").
#pragma once
#include <ares.h>
#include <pthread.h>
#include <sys/socket.h>

#include <span>

#include "runtime/wait_fd.h"

namespace weft::net {

/// c-ares reads files, and those calls are cancellation points: it must not be unwound. libc's own
/// resolver has none there.
class Uncancelled {
 public:
  Uncancelled() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~Uncancelled() { pthread_setcancelstate(before_, nullptr); }
  Uncancelled(const Uncancelled&) = delete;
  Uncancelled& operator=(const Uncancelled&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

struct Server {
  const sockaddr* address = nullptr;
  socklen_t size = 0;
};

/// Invariants: 1. The hooks do not see its sockets: they would take them for the program's.
///             2. c-ares's code is never on the stack while the fiber is parked.
///
/// Threads: the running fiber's; or a kernel thread's, which then waits by poll(2).
class Channel {
 public:
  Channel() = default;
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Takes ares_init_options' arguments. Sets local_error() if it fails.
  void open(ares_options& options, int given);
  /// Asks these servers, and no others. In order, with the ports of their addresses.
  void set_servers(std::span<const Server> servers);
  /// Connects to that very address, whatever c-ares makes of it: it knows no scope of an address.
  void connect_to(Server server) { peer_ = server; }

  /// Has c-ares look at what has come; if nothing has, parks until something may have. Returns what
  /// ended the wait, as wait_for_any(): the caller loops.
  [[nodiscard]] int wait_once(const runtime::FdWaitOptions& options);

  [[nodiscard]] ares_channel get() const { return channel_; }
  /// 0, or why there is no channel or no socket to ask with: the same with any server.
  [[nodiscard]] int local_error() const { return local_error_; }

 private:
  static ares_socket_t open_socket(int family, int type, int protocol, void* self);
  static int close_socket(ares_socket_t fd, void* self);
  static int connect_socket(ares_socket_t fd, const sockaddr* address, socklen_t size, void* self);
  static const ares_socket_functions kCalls;

  ares_channel channel_ = nullptr;
  Server peer_;
  runtime::Deadline due_ = runtime::Deadline::never();  // when c-ares wants to look at its clock
  int local_error_ = 0;
};

}  // namespace weft::net

// exchange.h: one attempt to have one name server answer one query, or two at a time. By c-ares:
// UDP, and TCP for what does not fit.
//
// Layer:  net.      See also: resolver.h, net/DESIGN.md ("Who drives a lookup").
#pragma once
#include <ares.h>
#include <sys/socket.h>

#include <chrono>

#include "net/message.h"
#include "net/permission.h"

namespace weft::net {

struct Reply {
  enum class Kind : unsigned char {
    kNone,         // in time
    kUnreachable,  // nobody is there
    kRefusal,      // the server says that it can't: SERVFAIL, NOTIMP, REFUSED
    kMessage,
  };
  Kind kind = Kind::kNone;
  int rcode = 0;
  int order = 0;  // it came as the first or the second
  Message message;
};

/// Invariants: 1. A socket of it belongs to one server. 2. c-ares's code is never on the stack
/// while the fiber is parked.
///
/// Threads: the running fiber's.
class Exchange {
 public:
  struct Settings {
    const sockaddr* server = nullptr;  // lives as long as the exchange
    socklen_t server_size = 0;
    std::chrono::milliseconds timeout{0};
    bool tcp_only = false;
  };
  explicit Exchange(const Settings& settings);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Sends a query; at most two. Reply and query live as long as the exchange.
  void ask(const Message& query, Reply& reply);
  /// Parks until all that was asked has its reply. Unwinds if the fiber is cancelled.
  void wait(ActOnCalls act);
  /// 0, or why there is no socket to ask with: the same with any server.
  [[nodiscard]] int local_error() const { return local_error_; }

 private:
  struct Question {
    Exchange* exchange = nullptr;
    Reply* reply = nullptr;
  };
  static void on_reply(void* question, int status, int timeouts, unsigned char* bytes, int size);
  static ares_socket_t open_socket(int family, int type, int protocol, void* exchange);
  static int close_socket(ares_socket_t fd, void* exchange);
  static int connect_socket(ares_socket_t fd, const sockaddr* address, socklen_t size,
                            void* exchange);
  static const ares_socket_functions kCalls;
  [[nodiscard]] bool open();

  Settings settings_;
  ares_channel channel_ = nullptr;
  Question questions_[2];
  int asked_ = 0;
  int answered_ = 0;
  int local_error_ = 0;
  bool is_unreachable_ = false;
};

}  // namespace weft::net

// exchange.h: one attempt to have one name server answer one query, or two at a time. By c-ares:
// UDP, and TCP for what does not fit.
//
// Layer:  net.      See also: search.h, net/DESIGN.md ("Who drives a lookup").
#pragma once
#include <chrono>

#include "net/channel.h"
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

/// Invariant: a socket of it belongs to one server.
///
/// Threads: the running fiber's.
class Exchange {
 public:
  struct Settings {
    Server server;  // its address lives as long as the exchange
    std::chrono::milliseconds timeout{0};
    bool tcp_only = false;
  };
  explicit Exchange(const Settings& settings);
  ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Sends a query; at most two. Reply and query live as long as the exchange.
  void ask(const Message& query, Reply& reply);
  /// Parks until all that was asked has its reply. Unwinds if the fiber is cancelled.
  void wait(ActOnCalls act);
  /// 0, or why there is no socket to ask with: the same with any server.
  [[nodiscard]] int local_error() const { return channel_.local_error(); }

 private:
  struct Question {
    Exchange* exchange = nullptr;
    Reply* reply = nullptr;
  };
  static void on_reply(void* question, int status, int timeouts, unsigned char* bytes, int size);

  Settings settings_;
  Question questions_[2];
  int asked_ = 0;
  int answered_ = 0;
  bool is_unreachable_ = false;
  Channel channel_;  // the last: it answers what is open when it ends
};

}  // namespace weft::net

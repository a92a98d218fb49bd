// search.h: what libc's resolver does between a name and its answers: servers and tries, the
// search list, what counts as a failure.
//
// Layer:  net.      See also: resolver(3), resolv.conf(5), net/DESIGN.md.
#pragma once
#include <arpa/nameser.h>

#include "net/exchange.h"
#include "net/message.h"

namespace weft::net {

/// What to ask for of a name.
struct Types {
  int type[2];
  int count;
};
inline constexpr Types kAddresses{{ns_t_a, ns_t_aaaa}, 2};
constexpr Types one_type(int type) { return {{type, 0}, 1}; }

/// In the order in which they came; empty what did not.
struct Answers {
  Message first;
  Message second;
};

/// One lookup with the running thread's resolver state (`_res`), which the calling function of libc
/// has brought up to date with resolv.conf.
///
/// Errors:   as res_search(3): false, h_errno, and errno: ECONNREFUSED, ETIMEDOUT, or why there is
///           no socket. Zero where a server has answered.
/// Threads:  the running fiber's, which has TLS of its own.
class Search {
 public:
  explicit Search(ActOnCalls act) : act_(act) {}

  /// Whether the state asks for nothing but what is known here. Else libc has to do it.
  static bool knows_state();

  /// Asks for that very name.
  [[nodiscard]] bool query(const char* name, Types types, Answers& answers);
  /// Asks for the name, and for it in the domains of the search list.
  [[nodiscard]] bool in_domains(const char* name, Types types, Answers& answers);

 private:
  enum class Next : unsigned char { kAnswered, kGoOn, kStop };

  [[nodiscard]] bool send(Message* queries, int count, Answers& answers);
  [[nodiscard]] bool ask(int server, Message* queries, int count, Answers& answers);
  void ask_at_once(int server, Message* queries, int count, Reply* replies);
  void ask_in_turn(int server, Message* queries, int count, Reply* replies);
  [[nodiscard]] Exchange::Settings settings_for(int server) const;
  [[nodiscard]] bool query_in(const char* name, const char* domain, Types types, Answers& answers);
  [[nodiscard]] bool search_list(const char* name, Types types, Answers& answers, bool top_level);
  [[nodiscard]] Next search_in(const char* name, const char* domain, Types types, Answers& answers);
  void note(const Reply& reply);

  ActOnCalls act_;
  int last_rcode_ = 0;
  int local_error_ = 0;
  bool got_somewhere_ = false;
  bool got_no_data_ = false;
  bool got_server_failure_ = false;
};

}  // namespace weft::net

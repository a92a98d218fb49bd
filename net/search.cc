#include "net/search.h"

#include <netdb.h>
#include <resolv.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace weft::net {
namespace {

void set_h_errno(int error) { _res.res_h_errno = h_errno = error; }

// libc keeps the whole search list where it is out of reach; in the state is what fits.
bool search_list_may_be_cut() {
  constexpr std::size_t kRoomForOneMore = 64;
  std::size_t bytes = 0;
  int count = 0;
  for (; count < MAXDNSRCH && _res.dnsrch[count] != nullptr; ++count) {
    bytes += std::strlen(_res.dnsrch[count]) + 1;
  }
  return count == MAXDNSRCH || bytes > sizeof _res.defdname - kRoomForOneMore;
}

// Where resolv.conf has "rotate", lookups begin with one server after the other.
int first_server() {
  static constinit std::atomic<unsigned> turns{0};
  const auto count = static_cast<unsigned>(_res.nscount);
  return (_res.options & RES_ROTATE) != 0
             ? static_cast<int>(turns.fetch_add(1, std::memory_order_relaxed) % count)
             : 0;
}

// As send_dg of glibc: later servers get more time, and share it.
std::chrono::milliseconds timeout_of(int server) {
  int seconds = _res.retrans << server;
  if (server > 0) {
    seconds /= _res.nscount;
  }
  return std::chrono::seconds(std::max(seconds, 1));
}

// What a message that brings nothing says of the name.
int verdict(const Message& first, const Message& second) {
  switch (rcode_of(first) == ns_r_noerror ? rcode_of(second) : rcode_of(first)) {
    case ns_r_nxdomain:
      return HOST_NOT_FOUND;
    case ns_r_servfail:
      return TRY_AGAIN;
    case ns_r_noerror:
      return NO_DATA;
    default:
      return NO_RECOVERY;
  }
}

bool brings_something(const Message& message) {
  return rcode_of(message) == ns_r_noerror && answers_in(message) != 0;
}

}  // namespace

bool Search::knows_state() {
  constexpr unsigned long kNeeded = RES_INIT | RES_DEFAULT;
  constexpr unsigned long kKnown = kNeeded | RES_USEVC | RES_ROTATE | RES_USE_EDNS0 | RES_SNGLKUP |
                                   RES_SNGLKUPREOP | RES_USE_DNSSEC | RES_NOTLDQUERY |
                                   RES_NORELOAD | RES_TRUSTAD;
  return (_res.options & ~kKnown) == 0 && (_res.options & kNeeded) == kNeeded && _res.nsort == 0 &&
         _res.nscount > 0 && !search_list_may_be_cut() && std::getenv("HOSTALIASES") == nullptr;
}

Exchange::Settings Search::settings_for(int server) const {
  Exchange::Settings settings;
  const sockaddr_in6* const long_address = _res._u._ext.nsaddrs[server];
  if (_res.nsaddr_list[server].sin_family == 0 && long_address != nullptr) {
    settings.server = {reinterpret_cast<const sockaddr*>(long_address), sizeof *long_address};
  } else {
    settings.server = {reinterpret_cast<const sockaddr*>(&_res.nsaddr_list[server]),
                       sizeof _res.nsaddr_list[server]};
  }
  settings.timeout = timeout_of(server);
  settings.tcp_only = (_res.options & RES_USEVC) != 0;
  return settings;
}

void Search::note(const Reply& reply) {
  got_somewhere_ = got_somewhere_ || reply.kind != Reply::Kind::kUnreachable;
  if (reply.kind == Reply::Kind::kRefusal) {
    last_rcode_ = reply.rcode;
  }
}

void Search::ask_at_once(int server, Message* queries, int count, Reply* replies) {
  Exchange exchange(settings_for(server));
  for (int i = 0; i < count; ++i) {
    exchange.ask(queries[i], replies[i]);
  }
  exchange.wait(act_);
  local_error_ = exchange.local_error();
}

// Each on a socket of its own, and the second only if the first brought something.
void Search::ask_in_turn(int server, Message* queries, int count, Reply* replies) {
  for (int i = 0; i < count; ++i) {
    ask_at_once(server, &queries[i], 1, &replies[i]);
    replies[i].order = i;
    if (replies[i].kind != Reply::Kind::kMessage) {
      return;
    }
  }
}

bool Search::ask(int server, Message* queries, int count, Answers& answers) {
  Reply replies[2];
  if ((_res.options & (RES_SNGLKUP | RES_SNGLKUPREOP)) != 0) {
    ask_in_turn(server, queries, count, replies);
  } else {
    ask_at_once(server, queries, count, replies);
    const bool has_one =
        replies[0].kind == Reply::Kind::kMessage || replies[1].kind == Reply::Kind::kMessage;
    for (int i = 0; i < count && has_one; ++i) {
      // There are servers that cannot answer two at a time from one address.
      if (replies[i].kind == Reply::Kind::kNone) {
        ask_at_once(server, &queries[i], 1, &replies[i]);
        replies[i].order = 1;
        replies[1 - i].order = 0;
      }
    }
  }
  for (int i = count - 1; i >= 0; --i) {
    note(replies[i]);
  }
  Reply& first = replies[count == 2 && replies[1].order < replies[0].order ? 1 : 0];
  Reply& second = replies[&first == &replies[0] ? 1 : 0];
  answers = {std::move(first.message), std::move(second.message)};
  if (first.kind != Reply::Kind::kMessage) {
    answers.first.clear();
  }
  if (second.kind != Reply::Kind::kMessage) {
    answers.second.clear();
  }
  return !answers.first.empty() || !answers.second.empty();
}

bool Search::send(Message* queries, int count, Answers& answers) {
  const int offset = first_server();
  got_somewhere_ = false;
  // Over TCP once only.
  const int tries = (_res.options & RES_USEVC) != 0 ? 1 : _res.retry;
  for (int turn = 0; turn < tries * _res.nscount; ++turn) {
    if (ask((turn + offset) % _res.nscount, queries, count, answers)) {
      errno = 0;
      return true;
    }
    if (local_error_ != 0) {
      errno = local_error_;
      return false;
    }
  }
  errno = got_somewhere_ ? ETIMEDOUT : ECONNREFUSED;
  return false;
}

bool Search::query(const char* name, Types types, Answers& answers) {
  Message queries[2];
  last_rcode_ = ns_r_noerror;
  for (int i = 0; i < types.count; ++i) {
    if (!make_query(name, types.type[i], queries[i])) {
      set_h_errno(NO_RECOVERY);
      return false;
    }
  }
  if (types.count == 2 && id_of(queries[0]) == id_of(queries[1])) {
    set_id(queries[1], static_cast<std::uint16_t>(id_of(queries[0]) + 1));
  }
  if (!send(queries, types.count, answers)) {
    set_h_errno(TRY_AGAIN);
    return false;
  }
  if (brings_something(answers.first) || brings_something(answers.second)) {
    return true;
  }
  const Message& some = answers.first.empty() ? answers.second : answers.first;
  set_h_errno(verdict(some, answers.second.empty() ? some : answers.second));
  return false;
}

bool Search::query_in(const char* name, const char* domain, Types types, Answers& answers) {
  const std::string whole = std::string(name) + '.' + domain;
  if (whole.size() >= MAXDNAME) {
    set_h_errno(NO_RECOVERY);
    return false;
  }
  return query(whole.c_str(), types, answers);
}

// Whether the next domain may still have it.
Search::Next Search::search_in(const char* name, const char* domain, Types types,
                               Answers& answers) {
  if (query_in(name, domain, types, answers)) {
    return Next::kAnswered;
  }
  switch (h_errno) {
    case NO_DATA:
      got_no_data_ = true;
      return Next::kGoOn;
    case HOST_NOT_FOUND:
      return Next::kGoOn;
    case TRY_AGAIN:
      if (errno != ECONNREFUSED && last_rcode_ == ns_r_servfail) {
        got_server_failure_ = true;
        return Next::kGoOn;
      }
      return Next::kStop;
    default:
      return Next::kStop;
  }
}

// Under the search list's domains, and at the top level if that may be.
bool Search::search_list(const char* name, Types types, Answers& answers, bool top_level) {
  Next next = Next::kGoOn;
  for (int i = 0; next == Next::kGoOn && i < MAXDNSRCH && _res.dnsrch[i] != nullptr; ++i) {
    const char* const domain = _res.dnsrch[i] + (_res.dnsrch[i][0] == '.' ? 1 : 0);
    top_level = top_level && *domain != '\0';
    next = search_in(name, domain, types, answers);
    if (next == Next::kAnswered) {
      return true;
    }
    if (errno == ECONNREFUSED) {  // nobody is there for other domains either
      set_h_errno(TRY_AGAIN);
      return false;
    }
  }
  if (top_level && query(name, types, answers)) {
    return true;
  }
  if (got_no_data_) {
    set_h_errno(NO_DATA);
  } else if (got_server_failure_) {
    set_h_errno(TRY_AGAIN);
  }
  return false;
}

bool Search::in_domains(const char* name, Types types, Answers& answers) {
  errno = 0;
  set_h_errno(HOST_NOT_FOUND);  // if nobody is asked at all
  const std::string_view text(name);
  if (text.size() >= MAXDNAME) {
    set_h_errno(NO_RECOVERY);
    return false;
  }
  const auto dots = std::count(text.begin(), text.end(), '.');
  if (dots >= _res.ndots || text.ends_with('.')) {
    if (query(name, types, answers)) {
      return true;
    }
    if (text.ends_with('.')) {
      return false;
    }
    const int error = h_errno;
    if (search_list(name, types, answers, false)) {
      return true;
    }
    if (errno != ECONNREFUSED) {
      set_h_errno(error);
    }
    return false;
  }
  const bool may_be_top_level =
      dots != 0 || _res.dnsrch[0] == nullptr || (_res.options & RES_NOTLDQUERY) == 0;
  return search_list(name, types, answers, may_be_top_level);
}

}  // namespace weft::net

#include "net/exchange.h"

#include <cerrno>

namespace weft::net {

namespace {

// Whether the reply is none: the server can't.
bool is_refusal(int rcode) {
  return rcode == ns_r_servfail || rcode == ns_r_notimpl || rcode == ns_r_refused;
}

// A server that knows nothing, and whom else to ask neither.
bool is_lame(const Message& message) {
  constexpr unsigned char kAuthoritative = 4;
  constexpr unsigned char kRecursionAvailable = 128;
  return message.size() >= 12 && rcode_of(message) == ns_r_noerror && answers_in(message) == 0 &&
         (message[2] & kAuthoritative) == 0 && (message[3] & kRecursionAvailable) == 0 &&
         message[10] == 0 && message[11] == 0;
}

}  // namespace

// With nothing left to c-ares's own configuration: libc has read it already.
Exchange::Exchange(const Settings& settings) : settings_(settings) {
  ares_options options = {};
  // NOCHECKRESP: what a refusal is, is for libc's rules to say.
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                  (settings_.tcp_only ? ARES_FLAG_USEVC : 0);
  options.timeout = static_cast<int>(settings_.timeout.count());
  options.tries = 1;
  options.ndots = 1;
  char lookups[] = "b";
  options.lookups = lookups;
  char no_file[] = "/dev/null";
  options.resolvconf_path = no_file;
  channel_.open(options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                             ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_NOROTATE |
                             ARES_OPT_RESOLVCONF);
  channel_.connect_to(settings_.server);
  channel_.set_servers({&settings_.server, 1});
}

void Exchange::ask(const Message& query, Reply& reply) {
  if (local_error() != 0) {
    return;
  }
  const Uncancelled whole;
  Question& question = questions_[asked_++];
  question = {this, &reply};
  ares_send(channel_.get(), query.data(), static_cast<int>(query.size()), on_reply, &question);
}

void Exchange::on_reply(void* question, int status, int /*timeouts*/, unsigned char* bytes,
                        int size) {
  const auto [exchange, reply] = *static_cast<Question*>(question);
  reply->order = exchange->answered_++;
  if (status != ARES_SUCCESS) {
    const bool is_late = status == ARES_ETIMEOUT;
    reply->kind = is_late ? Reply::Kind::kNone : Reply::Kind::kUnreachable;
    exchange->is_unreachable_ = exchange->is_unreachable_ || !is_late;
    return;
  }
  reply->message.assign(bytes, bytes + size);
  reply->rcode = rcode_of(reply->message);
  // glibc takes whatever comes over TCP.
  const bool is_useless = is_refusal(reply->rcode) || is_lame(reply->message);
  reply->kind =
      is_useless && !exchange->settings_.tcp_only ? Reply::Kind::kRefusal : Reply::Kind::kMessage;
}

void Exchange::wait(ActOnCalls act) {
  act();
  while (answered_ < asked_) {
    if (is_unreachable_) {  // the kernel says so once, to one of the queries
      ares_cancel(channel_.get());
      continue;
    }
    // Whatever else ends it, the loop looks.
    const int ended = channel_.wait_once({.interruptible = true, .cancellable = true});
    is_unreachable_ = is_unreachable_ || ended == ECANCELED;
    act();
  }
}

}  // namespace weft::net

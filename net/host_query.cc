#include "net/host_query.h"

#include <algorithm>
#include <cerrno>

#include "net/channel.h"
#include "runtime/fd_call.h"

namespace weft::net {
namespace {

// As libc's resolver reports them: a server's failure may pass, a name's may not.
int to_eai(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return 0;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return EAI_NONAME;
    case ARES_ENODATA:
      return EAI_NODATA;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
      return EAI_AGAIN;
    case ARES_ENOMEM:
      return EAI_MEMORY;
    case ARES_EBADFAMILY:
      return EAI_FAMILY;
    default:
      return EAI_FAIL;
  }
}

// What c-ares calls, and what is waited for.
struct Answer {
  bool has_come = false;
  Found found;
  void take(int status) {
    has_come = true;
    found.eai = to_eai(status);
  }
};

void add_aliases(const ares_addrinfo& info, const std::string& asked, HostEntry& host) {
  host.name = asked;
  for (const ares_addrinfo_cname* each = info.cnames; each != nullptr; each = each->next) {
    if (each->alias != nullptr) {
      host.aliases.emplace_back(each->alias);
    }
    host.name = each->name;
  }
  if (info.cnames == nullptr && info.name != nullptr) {
    host.name = info.name;
  }
}

void on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
  Answer& answer = *static_cast<Answer*>(argument);
  answer.take(status);
  if (info == nullptr) {
    return;
  }
  HostEntry& host = answer.found.host;
  add_aliases(*info, host.name, host);
  int ttl = info->nodes == nullptr ? 0 : info->nodes->ai_ttl;
  for (const ares_addrinfo_node* each = info->nodes; each != nullptr; each = each->ai_next) {
    const Address address(each->ai_addr, each->ai_addrlen);
    ttl = std::min(ttl, each->ai_ttl);
    if (std::find(host.addresses.begin(), host.addresses.end(), address) == host.addresses.end()) {
      host.addresses.push_back(address);
    }
  }
  for (const ares_addrinfo_cname* each = info->cnames; each != nullptr; each = each->next) {
    ttl = std::min(ttl, each->ttl);
  }
  answer.found.ttl = std::chrono::seconds(std::max(ttl, 0));
  ares_freeaddrinfo(info);
}

void on_name(void* argument, int status, int /*timeouts*/, char* node, char* /*service*/) {
  Answer& answer = *static_cast<Answer*>(argument);
  answer.take(status);
  if (node != nullptr) {
    answer.found.host.name = node;
  }
}

// c-ares has resolv.conf's settings, and those that are given.
void open(Channel& channel, const ResolverOptions& given) {
  ares_options options = {};
  int mask = ARES_OPT_LOOKUPS;
  char lookups[] = "b";  // the hosts file is ours
  options.lookups = lookups;
  if (given.timeout) {
    options.timeout = static_cast<int>(given.timeout->count());
    mask |= ARES_OPT_TIMEOUTMS;
  }
  if (given.tries) {
    options.tries = *given.tries;
    mask |= ARES_OPT_TRIES;
  }
  if (given.ndots) {
    options.ndots = *given.ndots;
    mask |= ARES_OPT_NDOTS;
  }
  std::vector<char*> domains;
  if (given.domains) {
    for (const std::string& domain : *given.domains) {
      domains.push_back(const_cast<char*>(domain.c_str()));
    }
    options.domains = domains.data();
    options.ndomains = static_cast<int>(domains.size());
    mask |= ARES_OPT_DOMAINS;
  }
  channel.open(options, mask);
  std::vector<Server> servers;
  for (const Address& address : given.servers) {
    servers.push_back({address.data(), address.size()});
  }
  if (!servers.empty()) {
    channel.set_servers(servers);
  }
}

// ask(channel) begins the query.
template <class Ask>
Found wait_for_answer(const ResolverOptions& options, Answer& answer, Ask ask) {
  Channel channel;
  open(channel, options);
  if (channel.local_error() == 0) {
    const Uncancelled whole;
    ask(channel.get());
  } else {
    answer.take(ARES_ENOMEM);
  }
  while (!answer.has_come) {
    const int ended = channel.wait_once({.cancellable = true});
    if (ended == EINTR || ended == ECANCELED) {  // of the others c-ares will hear by itself
      detail::check_wait(ended, "weft::net::Resolver");
    }
  }
  if (answer.found.eai != 0 && channel.local_error() != 0) {
    answer.found.eai = channel.local_error() == ENOMEM ? EAI_MEMORY : EAI_SYSTEM;
    answer.found.system_errno = channel.local_error();
  }
  return std::move(answer.found);
}

}  // namespace

Found query_host(const ResolverOptions& options, const std::string& name, int family) {
  ares_addrinfo_hints hints = {};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_CANONNAME;
  Answer answer;
  answer.found.host.name = name;
  return wait_for_answer(options, answer, [&](ares_channel channel) {
    ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, on_addresses, &answer);
  });
}

Found query_name(const ResolverOptions& options, const Address& address, int flags) {
  const int wanted =
      ARES_NI_LOOKUPHOST | ARES_NI_NAMEREQD | ((flags & NI_NOFQDN) != 0 ? ARES_NI_NOFQDN : 0);
  Answer answer;
  return wait_for_answer(options, answer, [&](ares_channel channel) {
    ares_getnameinfo(channel, address.data(), address.size(), wanted, on_name, &answer);
  });
}

}  // namespace weft::net

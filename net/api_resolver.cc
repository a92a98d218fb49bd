#include <ifaddrs.h>
#include <netinet/in.h>
#include <weft/blocking.h>
#include <weft/net/resolver.h>

#include "net/host_lookup.h"
#include "net/libc_lookup.h"

namespace weft::net {
namespace {

constexpr int kKnownFlags = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV |
                            AI_ADDRCONFIG | AI_V4MAPPED | AI_ALL;

template <class Answer>
Answer checked(Answer answer, std::string_view what) {
  if (answer.eai != 0) {
    throw ResolveError(answer.eai, std::string(what), answer.system_errno);
  }
  return answer;
}

struct Families {
  bool four = false;
  bool six = false;
};

// Of which this host has an address, but for loopback: AI_ADDRCONFIG.
Families configured_families() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    return {true, true};
  }
  Families found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) {
      continue;
    }
    if (each->ifa_addr->sa_family == AF_INET) {
      const auto* const four = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
      found.four = found.four || ntohl(four->sin_addr.s_addr) != INADDR_LOOPBACK;
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      const auto* const six = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr);
      found.six = found.six || !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    }
  }
  ::freeifaddrs(list);
  return found;
}

// The family to ask for; -1: none is left.
int family_to_ask(const ResolveOptions& options) {
  if ((options.flags & AI_ADDRCONFIG) == 0) {
    return options.family;
  }
  const Families configured = configured_families();
  const bool four = options.family != AF_INET6 && configured.four;
  const bool six = options.family != AF_INET && configured.six;
  if (four && six) {
    return AF_UNSPEC;
  }
  return four ? AF_INET : six ? AF_INET6 : -1;
}

Address mapped(const Address& address) {
  return Address::ip("::ffff:" + address.host(), address.port());
}

}  // namespace

struct Resolver::State : HostLookup {
  using HostLookup::HostLookup;

  // By libc's function, in whatever way blocks whomever it may.
  template <class Call>
  auto by_libc(Call call) {
    return options().kind == ResolverKind::kBlocking ? call() : weft::blocking(call);
  }
  [[nodiscard]] bool is_libcs() { return options().kind != ResolverKind::kAres || must_be_libcs(); }
  std::vector<Address> by_servers(const std::string& name, std::uint16_t port,
                                  const ResolveOptions& wanted);
};

std::vector<Address> Resolver::State::by_servers(const std::string& name, std::uint16_t port,
                                                 const ResolveOptions& wanted) {
  const int family = family_to_ask(wanted);
  if (family < 0) {
    throw ResolveError(EAI_NONAME, name);
  }
  Found found = find(name, family);
  const bool may_map = family == AF_INET6 && (wanted.flags & AI_V4MAPPED) != 0;
  if (may_map && (found.eai != 0 || (wanted.flags & AI_ALL) != 0)) {
    const Found four = find(name, AF_INET);
    if (four.eai == 0) {
      found.eai = 0;
      for (const Address& address : four.host.addresses) {
        found.host.addresses.push_back(mapped(address));
      }
    }
  }
  found = checked(std::move(found), name);
  for (Address& address : found.host.addresses) {
    address = address.with_port(port);
  }
  return std::move(found.host.addresses);
}

Resolver::Resolver() : Resolver(ResolverOptions::from_environment()) {}
Resolver::Resolver(ResolverOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Resolver::~Resolver() = default;

std::vector<Address> Resolver::resolve(std::string_view host, std::string_view service,
                                       const ResolveOptions& options) {
  const std::string name(host);
  const std::string service_name(service);
  // libc knows what is no name, and what is no service, without asking anybody. It wants one of
  // both.
  ResolveOptions numeric = options;
  numeric.flags |= AI_NUMERICHOST;
  const bool has_none = name.empty() && service.empty();
  LibcAnswer answer = libc_addresses(name, has_none ? "0" : service_name, numeric);
  const bool is_name =
      answer.eai == EAI_NONAME && !name.empty() && (options.flags & AI_NUMERICHOST) == 0;
  if (!is_name) {
    return checked(std::move(answer), name.empty() ? service : host).addresses;
  }
  if ((options.flags & ~kKnownFlags) != 0 || state_->is_libcs()) {
    return checked(state_->by_libc([&] { return libc_addresses(name, service_name, options); }),
                   name)
        .addresses;
  }
  std::uint16_t port = 0;
  if (!service.empty()) {
    ResolveOptions loopback = numeric;
    loopback.flags &= AI_NUMERICHOST | AI_NUMERICSERV;
    port = checked(libc_addresses({}, service_name, loopback), service).addresses.front().port();
  }
  return state_->by_servers(name, port, options);
}

std::vector<Address> Resolver::resolve(std::string_view host, std::uint16_t port,
                                       const ResolveOptions& options) {
  return resolve(host, std::to_string(port), options);
}

HostEntry Resolver::host(std::string_view name, int family) {
  const std::string text(name);
  ResolveOptions wanted = {.family = family, .flags = AI_NUMERICHOST};
  if (LibcAnswer numeric = libc_addresses(text, "0", wanted); numeric.eai == 0) {
    return {.name = text, .addresses = std::move(numeric.addresses)};
  }
  if (!state_->is_libcs()) {
    return checked(state_->find(text, family), name).host;
  }
  wanted.flags = AI_CANONNAME;
  LibcAnswer answer =
      checked(state_->by_libc([&] { return libc_addresses(text, {}, wanted); }), name);
  HostEntry host = {.name = std::move(answer.canonical), .addresses = std::move(answer.addresses)};
  if (host.name != text) {
    host.aliases.push_back(text);
  }
  return host;
}

NameEntry Resolver::name_of(const Address& address, int flags) {
  const std::string what = address.to_string();
  const bool is_inet = address.family() == AF_INET || address.family() == AF_INET6;
  if (is_inet && (flags & NI_NUMERICHOST) == 0 && state_->is_libcs()) {
    return checked(state_->by_libc([&] { return libc_names(address, flags); }), what).names;
  }
  // The service, and the host in numbers: nobody is asked for these.
  const int numeric = (flags & ~NI_NAMEREQD) | (is_inet ? NI_NUMERICHOST : 0);
  NameEntry names = checked(libc_names(address, numeric), what).names;
  if (is_inet && (flags & NI_NUMERICHOST) == 0) {
    const Found found = state_->name_of(address, flags);
    if (found.eai == 0) {
      names.host = found.host.name;
    } else if ((flags & NI_NAMEREQD) != 0) {
      throw ResolveError(found.eai, what, found.system_errno);
    }
  }
  return names;
}

void Resolver::flush() { state_->flush(); }

const ResolverOptions& Resolver::options() const { return state_->options(); }

Resolver& resolver() {
  static Resolver instance;
  return instance;
}

}  // namespace weft::net

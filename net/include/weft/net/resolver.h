// weft/net/resolver.h: addresses of host names, and names of addresses.
//
// Layer:  net, public.      See also: weft/net/address.h, net/DESIGN.md.
#pragma once
#include <netdb.h>
#include <weft/net/address.h>
#include <weft/net/resolve_error.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::net {

/// Who looks up names.
enum class ResolverKind : std::uint8_t {
  kAres,        ///< c-ares: a waiting lookup holds no kernel thread. gevent's "ares".
  kThreadPool,  ///< libc's getaddrinfo, by weft::blocking(). gevent's "thread".
  kBlocking,    ///< libc's getaddrinfo, on the calling thread, all of whose fibers wait.
};

/// How names are looked up. What is not given is as in resolv.conf(5).
struct ResolverOptions {
  /// Who asks. Only c-ares knows the options below.
  ResolverKind kind = ResolverKind::kAres;
  /// How long the first attempt at one server lasts; later ones take longer.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Attempts at each server.
  std::optional<int> tries = {};
  /// Name servers in order, each with its port.
  std::vector<Address> servers = {};
  /// A name with as many dots is looked up by itself first.
  std::optional<int> ndots = {};
  /// Domains to search.
  std::optional<std::vector<std::string>> domains = {};
  /// Names that are known without asking, as in hosts(5). Read again when it changes.
  std::string hosts_file = "/etc/hosts";
  /// Answers that are kept, as long as their TTL lasts. 0: none.
  std::size_t cache_entries = 512;
  /// How long an answer is kept at most.
  std::chrono::seconds max_ttl{3600};
  /// How long it is kept that there is no such name. 0: not at all.
  std::chrono::seconds negative_ttl{5};

  /// The defaults, and what the environment says: WEFT_RESOLVER (ares, thread, block),
  /// WEFT_ARES_TIMEOUT (seconds), WEFT_ARES_TRIES, WEFT_ARES_NDOTS, WEFT_ARES_SERVERS
  /// (addresses, with commas between them). Throws std::system_error(EINVAL) for what it can't
  /// read.
  static ResolverOptions from_environment();
};

/// What is wanted of a name: the hints of getaddrinfo(3).
struct ResolveOptions {
  int family = AF_UNSPEC;      ///< AF_INET, AF_INET6, or AF_UNSPEC for both.
  int socktype = SOCK_STREAM;  ///< Whose services are meant.
  int flags = 0;               ///< AI_PASSIVE, AI_NUMERICHOST, AI_ADDRCONFIG, AI_V4MAPPED...
};

/// A host, as hostent of gethostbyname(3).
struct HostEntry {
  std::string name = {};                  ///< The canonical one.
  std::vector<std::string> aliases = {};  ///< Other names, among them the one that was asked for.
  std::vector<Address> addresses = {};    ///< With port 0.
};

/// The names of an address.
struct NameEntry {
  std::string host;     ///< A name, or the address in numbers if it has none.
  std::string service;  ///< A name, or the port in digits if it has none.
};

/// One way to look up names, with what it remembers.
///
/// Errors:   ResolveError, with the codes and texts of the system's resolver. All lookups also
///           throw what calls off the fiber's waits; then nothing is left behind, and who waits for
///           the same name asks anew.
/// Threads:  any, fiber or not, several at a time. It must outlive the calls.
/// Promise:  lookups of one name at the same time share one query. Names that nsswitch.conf(5) has
///           looked up by other services than `files` and `dns` are looked up by libc; not if the
///           servers are given.
/// Source:   gevent.resolver.
///
///     for (const auto& address : weft::net::resolver().resolve("example.org", "https")) ...
class Resolver {
 public:
  /// With the environment's options.
  Resolver();
  /// With these.
  explicit Resolver(ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The addresses of a host, best first (RFC 6724), each once, with the service's port. No host:
  /// the loopback addresses, or with AI_PASSIVE those that mean all of this host's. The service is
  /// a name or digits; none is port 0.
  ///
  ///     auto addresses = resolver.resolve("localhost", "http", {.family = AF_INET});
  std::vector<Address> resolve(std::string_view host, std::string_view service,
                               const ResolveOptions& options = {});
  /// The same, with the port as a number.
  std::vector<Address> resolve(std::string_view host, std::uint16_t port,
                               const ResolveOptions& options = {});

  /// All that is known of a host's names and addresses.
  ///
  /// Source:   gethostbyname2(3); socket.gethostbyname_ex().
  ///
  ///     auto first = resolver.host("example.org").addresses.front();
  HostEntry host(std::string_view name, int family = AF_INET);

  /// The names of an address. The flags are those of getnameinfo(3): NI_NUMERICHOST, NI_NAMEREQD...
  ///
  ///     std::string peer = resolver.name_of(address).host;
  NameEntry name_of(const Address& address, int flags = 0);

  /// Forgets all answers. What is being asked for is not kept either.
  void flush();

  /// What it was made with.
  [[nodiscard]] const ResolverOptions& options() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

/// The process's own, made on first use with ResolverOptions::from_environment(). It is what
/// weft::net uses.
///
/// Source:   gevent.get_hub().resolver.
///
///     auto addresses = weft::net::resolver().resolve("localhost", 80);
Resolver& resolver();

}  // namespace weft::net

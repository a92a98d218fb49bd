// host_query.h: one question to name servers, by the rules of c-ares: search list, servers, tries,
// aliases, and the order of addresses.
//
// Layer:  net.      See also: channel.h.
#pragma once
#include <weft/net/resolver.h>

#include <chrono>
#include <optional>
#include <string>

namespace weft::net {

/// What came of a lookup.
struct Found {
  int eai = 0;           // 0, or EAI_...
  int system_errno = 0;  // of EAI_SYSTEM
  HostEntry host = {};
  std::chrono::seconds ttl{0};
};

/// Parks until the servers have said what the name's addresses are. Throws what calls off the
/// fiber's waits.
Found query_host(const ResolverOptions& options, const std::string& name, int family);

/// The same for the name of an address: Found::host::name; with the NI_NOFQDN of `flags` only.
Found query_name(const ResolverOptions& options, const Address& address, int flags);

}  // namespace weft::net

// libc_lookup.h: lookups by libc's getaddrinfo and getnameinfo, as values.
//
// Layer:  net.
#pragma once
#include <weft/net/resolver.h>

#include <string>
#include <vector>

namespace weft::net {

/// What getaddrinfo returned, each address once.
struct LibcAnswer {
  int eai = 0;
  int system_errno = 0;
  std::vector<Address> addresses;
  std::string canonical;  // with AI_CANONNAME
};

/// Empty texts are null pointers. Asks servers unless the flags have AI_NUMERICHOST: then it
/// blocks.
LibcAnswer libc_addresses(const std::string& host, const std::string& service,
                          const ResolveOptions& options);

struct LibcNames {
  int eai = 0;
  int system_errno = 0;
  NameEntry names;
};

/// Blocks unless the flags have NI_NUMERICHOST.
LibcNames libc_names(const Address& address, int flags);

}  // namespace weft::net

#include "net/libc_lookup.h"

#include <algorithm>
#include <cerrno>

namespace weft::net {

LibcAnswer libc_addresses(const std::string& host, const std::string& service,
                          const ResolveOptions& options) {
  addrinfo hints = {};
  hints.ai_family = options.family;
  hints.ai_socktype = options.socktype;
  hints.ai_flags = options.flags;
  addrinfo* list = nullptr;
  LibcAnswer answer;
  answer.eai = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                             service.empty() ? nullptr : service.c_str(), &hints, &list);
  if (answer.eai != 0) {
    answer.system_errno = answer.eai == EAI_SYSTEM ? errno : 0;
    return answer;
  }
  if (list->ai_canonname != nullptr) {
    answer.canonical = list->ai_canonname;
  }
  std::vector<Address>& found = answer.addresses;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    const Address address(each->ai_addr, each->ai_addrlen);
    if (std::find(found.begin(), found.end(), address) == found.end()) {
      found.push_back(address);
    }
  }
  ::freeaddrinfo(list);
  return answer;
}

LibcNames libc_names(const Address& address, int flags) {
  char host[NI_MAXHOST] = {};
  char service[NI_MAXSERV] = {};
  LibcNames answer;
  answer.eai = ::getnameinfo(address.data(), address.size(), host, sizeof host, service,
                             sizeof service, flags);
  answer.system_errno = answer.eai == EAI_SYSTEM ? errno : 0;
  answer.names = {host, service};
  return answer;
}

}  // namespace weft::net

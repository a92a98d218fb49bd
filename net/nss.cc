// nss.cc: the service "weft" of libc's name service, as a table. libc finds it by the file's name,
// and asks it wherever nsswitch.conf says "dns": it is glibc's own service of that name, but parks.
//
// Layer:  net.      See also: net/DESIGN.md, hosts_line.h.
#include <dlfcn.h>
#include <netdb.h>
#include <nss.h>
#include <resolv.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "net/answer.h"
#include "net/permission.h"
#include "net/search.h"
#include "runtime/block.h"

namespace weft::net {
namespace {

// glibc's own function of that name, for who may not park, and for what is not known here. Who may
// park lets the others go on meanwhile.
template <class Function, class... Args>
nss_status by_libc(const char* name, Args... args) {
  auto* const function = reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
  const auto call = [&] { return function(args...); };
  return Permission::given() != nullptr ? runtime::block(call) : call();
}

bool is_ours() { return Permission::given() != nullptr && Search::knows_state(); }

// What libc's functions make of a search that brought nothing.
nss_status failed(const Report& report, int error_before) {
  nss_status status = NSS_STATUS_NOTFOUND;
  switch (errno) {
    case EMFILE:
    case ENFILE:
      h_errno = NETDB_INTERNAL;
      status = NSS_STATUS_UNAVAIL;
      break;
    case ECONNREFUSED:
    case ETIMEDOUT:
      status = NSS_STATUS_UNAVAIL;
      break;
    default:
      break;
  }
  *report.h_error = h_errno;
  if (h_errno == TRY_AGAIN) {
    *report.error = EAGAIN;
  } else {
    errno = error_before;
  }
  return status;
}

nss_status find_host(const char* name, int family, hostent* host, Space space, const Report& report,
                     char** canonical) {
  if (family != AF_INET && family != AF_INET6) {
    return report.say(NSS_STATUS_UNAVAIL, NO_DATA, EAFNOSUPPORT);
  }
  const int error_before = errno;
  const int type = family == AF_INET ? ns_t_a : ns_t_aaaa;
  host->h_addrtype = family;
  host->h_length = family == AF_INET ? NS_INADDRSZ : NS_IN6ADDRSZ;
  Answers answers;
  if (!Search(Permission::given()).in_domains(name, one_type(type), answers)) {
    return failed(report, error_before);
  }
  const nss_status status = host_from(answers.first, type, space, *host, report);
  if (status == NSS_STATUS_SUCCESS && canonical != nullptr) {
    *canonical = host->h_name;
  }
  return status;
}

// There is no use in asking for what can't be a host.
nss_status find_host_name(const char* name, int family, hostent* host, Space space,
                          const Report& report) {
  return res_hnok(name) == 0 ? report.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND)
                             : find_host(name, family, host, space, report, nullptr);
}

nss_status find_addresses(const char* name, gaih_addrtuple** list, Space space,
                          const Report& report) {
  if (res_hnok(name) == 0) {
    return report.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND);
  }
  const int error_before = errno;
  Answers answers;
  return Search(Permission::given()).in_domains(name, kAddresses, answers)
             ? addresses_from(answers.first, answers.second, space, list, report)
             : failed(report, error_before);
}

// IPv6 addresses that stand for one of IPv4. Also those that begin with zeros, but ::1.
bool holds_ipv4(const unsigned char* a) {
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr unsigned char kZeros[12] = {};
  static constexpr unsigned char kLocal[4] = {0, 0, 0, 1};
  return std::memcmp(a, kMapped, sizeof kMapped) == 0 ||
         (std::memcmp(a, kZeros, sizeof kZeros) == 0 &&
          std::memcmp(a + sizeof kZeros, kLocal, sizeof kLocal) != 0);
}

using ReverseName = char[80];
void reverse_name(const unsigned char* a, int family, ReverseName& name) {
  if (family == AF_INET) {
    std::snprintf(name, sizeof name, "%u.%u.%u.%u.in-addr.arpa", a[3], a[2], a[1], a[0]);
    return;
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  char* at = name;
  for (int i = NS_IN6ADDRSZ - 1; i >= 0; --i) {
    *at++ = kDigits[a[i] & 15];
    *at++ = '.';
    *at++ = kDigits[a[i] >> 4];
    *at++ = '.';
  }
  std::strcpy(at, "ip6.arpa");  // NOLINT(clang-analyzer-security.insecureAPI.strcpy): 64 + 9 bytes
}

nss_status find_name(const void* address, socklen_t length, int family, hostent* host, Space space,
                     const Report& report) {
  char** const list = space.take<char*>(2);
  if (list == nullptr) {
    return report.too_small();
  }
  const auto* bytes = static_cast<const unsigned char*>(address);
  if (family == AF_INET6 && length == NS_IN6ADDRSZ && holds_ipv4(bytes)) {
    bytes += NS_IN6ADDRSZ - NS_INADDRSZ;
    family = AF_INET;
    length = NS_INADDRSZ;
  }
  const unsigned size = family == AF_INET ? NS_INADDRSZ : NS_IN6ADDRSZ;
  if ((family != AF_INET && family != AF_INET6) || size > length) {
    return report.say(NSS_STATUS_UNAVAIL, NETDB_INTERNAL, EAFNOSUPPORT);
  }
  ReverseName name;
  reverse_name(bytes, family, name);
  const int error_before = errno;
  Answers answers;
  if (!Search(Permission::given()).query(name, one_type(ns_t_ptr), answers)) {
    errno = error_before;
    return report.say(NSS_STATUS_NOTFOUND, h_errno);
  }
  const nss_status status = name_from(answers.first, space, &host->h_name, report);
  if (status != NSS_STATUS_SUCCESS) {
    return status;
  }
  host->h_addrtype = family;
  host->h_length = static_cast<int>(length);
  list[0] = space.copy_address(bytes, length);
  list[1] = nullptr;
  host->h_addr_list = list;
  host->h_aliases = &list[1];
  return space.overflowed() ? report.too_small() : report.say(NSS_STATUS_SUCCESS, NETDB_SUCCESS);
}

}  // namespace

// clang-format off
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): libc asks for these names
#define WEFT_BY_LIBC(name, ...) by_libc<nss_##name>("_nss_dns_" #name, __VA_ARGS__)
extern "C" {
// symbol, signature                                                                                                                          who     how
nss_status _nss_weft_gethostbyname4_r(const char* n, gaih_addrtuple** list, char* b, size_t size, int* e, int* h, int32_t* ttl)                        { return is_ours() ? find_addresses(n, list, {b, size}, {e, h, ttl})            : WEFT_BY_LIBC(gethostbyname4_r, n, list, b, size, e, h, ttl); }
nss_status _nss_weft_gethostbyname3_r(const char* n, int family, hostent* host, char* b, size_t size, int* e, int* h, int32_t* ttl, char** canonical)  { return is_ours() ? find_host(n, family, host, {b, size}, {e, h, ttl}, canonical) : WEFT_BY_LIBC(gethostbyname3_r, n, family, host, b, size, e, h, ttl, canonical); }
nss_status _nss_weft_gethostbyname2_r(const char* n, int family, hostent* host, char* b, size_t size, int* e, int* h)                                  { return is_ours() ? find_host_name(n, family, host, {b, size}, {e, h, nullptr})  : WEFT_BY_LIBC(gethostbyname2_r, n, family, host, b, size, e, h); }
nss_status _nss_weft_gethostbyname_r (const char* n, hostent* host, char* b, size_t size, int* e, int* h)                                              { return is_ours() ? find_host_name(n, AF_INET, host, {b, size}, {e, h, nullptr}) : WEFT_BY_LIBC(gethostbyname_r, n, host, b, size, e, h); }
nss_status _nss_weft_gethostbyaddr2_r(const void* a, socklen_t length, int family, hostent* host, char* b, size_t size, int* e, int* h, int32_t* ttl)  { return is_ours() ? find_name(a, length, family, host, {b, size}, {e, h, ttl})   : WEFT_BY_LIBC(gethostbyaddr2_r, a, length, family, host, b, size, e, h, ttl); }
nss_status _nss_weft_gethostbyaddr_r (const void* a, socklen_t length, int family, hostent* host, char* b, size_t size, int* e, int* h)                { return is_ours() ? find_name(a, length, family, host, {b, size}, {e, h, nullptr}) : WEFT_BY_LIBC(gethostbyaddr_r, a, length, family, host, b, size, e, h); }
// getaddrinfo asks for it only where another function has left out the canonical name: ours does not.
nss_status _nss_weft_getcanonname_r  (const char* n, char* b, size_t size, char** name, int* e, int* h)                                                { return WEFT_BY_LIBC(getcanonname_r, n, b, size, name, e, h); }
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
// clang-format on

}  // namespace weft::net

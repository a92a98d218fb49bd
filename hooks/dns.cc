// dns.cc: names of hosts, as a table. libc's own functions on all ways; what they have to ask name
// servers for comes back to net/, which parks.
//
// Layer:  hooks.      See also: net/DESIGN.md.
#include <arpa/inet.h>
#include <netdb.h>
#include <nss.h>
#include <resolv.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "net/hosts_line.h"
#include "net/permission.h"
#include "runtime/block.h"

namespace weft::hooks {
namespace {

using runtime::block;

// The running fiber, if a lookup of its own may park it. Not one that shares its TLS with others:
// libc has the state of a lookup there.
runtime::Fiber* may_park() {
  runtime::Fiber* const self = cooperative(Group::kDns);
  return self != nullptr && self->scheduler->has_migration() ? self : nullptr;
}

// A function of libc's that holds no lock while it looks up hosts.
template <class Call>
auto ask(Call call) {
  if (may_park() == nullptr) {
    return call();
  }
  if (!net::hosts_are_ours()) {
    return block(call);
  }
  const net::Permission permission([] { act_on_calls(); });
  return call();
}

// What asks servers by itself, or waits for libc's own threads.
template <class Call>
auto ask_by_libc(Call call) {
  return may_park() != nullptr ? block(call) : call();
}

int find_addresses(const char* name, const char* service, const addrinfo* hints, addrinfo** list) {
  const auto call = [=] { return real::getaddrinfo(name, service, hints, list); };
  const bool is_numeric =
      name == nullptr || (hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0);
  return is_numeric ? call() : ask(call);
}

int find_names(const sockaddr* address, socklen_t size, char* host, socklen_t host_size,
               char* service, socklen_t service_size, int flags) {
  const auto call = [=] {
    return real::getnameinfo(address, size, host, host_size, service, service_size, flags);
  };
  if ((flags & NI_NUMERICHOST) != 0 || host == nullptr) {
    return call();
  }
  // libc looks up its own domain under a lock.
  return (flags & NI_NOFQDN) != 0 ? ask_by_libc(call) : ask(call);
}

// What gethostbyname and its kin return points into here. libc has one for the process, which
// another fiber would overwrite, and holds a lock meanwhile.
struct Kept {
  hostent host = {};
  std::unique_ptr<char[]> buffer;
  std::size_t size = 0;
};
thread_local Kept kept;

// call(host, buffer, size, result, h_error) is the function with _r.
template <class Call, class Next>
hostent* find_host(Call call, Next next) {
  if (may_park() == nullptr) {
    return next();
  }
  constexpr std::size_t kFirstSize = 1024;  // glibc's
  Kept& own = kept;
  hostent* found = nullptr;
  int h_error = 0;
  int error = ERANGE;
  for (std::size_t size = std::max(own.size, kFirstSize); error == ERANGE; size *= 2) {
    if (size > own.size) {
      own.buffer.reset(new (std::nothrow) char[size]);
      own.size = own.buffer != nullptr ? size : 0;
    }
    if (own.buffer == nullptr) {
      errno = ENOMEM;
      return nullptr;
    }
    h_error = 0;
    error = call(&own.host, own.buffer.get(), own.size, &found, &h_error);
    if (error == ERANGE && h_error != NETDB_INTERNAL) {
      break;
    }
  }
  if (h_error != 0) {
    h_errno = h_error;
  }
  return found;
}

int find_by_name(const char* name, hostent* host, char* buffer, std::size_t size, hostent** result,
                 int* h_error) {
  return ask([=] { return real::gethostbyname_r(name, host, buffer, size, result, h_error); });
}

int find_by_name_in(const char* name, int family, hostent* host, char* buffer, std::size_t size,
                    hostent** result, int* h_error) {
  return ask(
      [=] { return real::gethostbyname2_r(name, family, host, buffer, size, result, h_error); });
}

int find_by_address(const void* address, socklen_t length, int family, hostent* host, char* buffer,
                    std::size_t size, hostent** result, int* h_error) {
  return ask([=] {
    return real::gethostbyaddr_r(address, length, family, host, buffer, size, result, h_error);
  });
}

hostent* find_by_name(const char* name) {
  return find_host([=](auto... rest) { return find_by_name(name, rest...); },
                   [=] { return real::gethostbyname(name); });
}

hostent* find_by_name_in(const char* name, int family) {
  return find_host([=](auto... rest) { return find_by_name_in(name, family, rest...); },
                   [=] { return real::gethostbyname2(name, family); });
}

hostent* find_by_address(const void* address, socklen_t length, int family) {
  return find_host([=](auto... rest) { return find_by_address(address, length, family, rest...); },
                   [=] { return real::gethostbyaddr(address, length, family); });
}

int find_all_later(int mode, gaicb** list, int count, sigevent* event) {
  const auto call = [=] { return real::getaddrinfo_a(mode, list, count, event); };
  return mode == GAI_WAIT ? ask_by_libc(call) : call();
}

int configure(const char* database, const char* line) {
  if (std::strcmp(database, "hosts") == 0) {
    net::leave_hosts_to_program();
  }
  return real::__nss_configure_lookup(database, line);
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                                                     how
int      getaddrinfo     (const char* n, const char* s, const addrinfo* hints, addrinfo** list)                         { return find_addresses(n, s, hints, list); }
int      getnameinfo     (const sockaddr* a, socklen_t l, char* h, socklen_t hl, char* s, socklen_t sl, int flags)      { return find_names(a, l, h, hl, s, sl, flags); }
hostent* gethostbyname   (const char* n)                                                                                { return find_by_name(n); }
hostent* gethostbyname2  (const char* n, int family)                                                                    { return find_by_name_in(n, family); }
hostent* gethostbyaddr   (const void* a, socklen_t l, int family)                                                       { return find_by_address(a, l, family); }
int      gethostbyname_r (const char* n, hostent* r, char* b, size_t size, hostent** result, int* h)                    { return find_by_name(n, r, b, size, result, h); }
int      gethostbyname2_r(const char* n, int family, hostent* r, char* b, size_t size, hostent** result, int* h)        { return find_by_name_in(n, family, r, b, size, result, h); }
int      gethostbyaddr_r (const void* a, socklen_t l, int family, hostent* r, char* b, size_t size, hostent** result, int* h) { return find_by_address(a, l, family, r, b, size, result, h); }
int      getaddrinfo_a   (int mode, gaicb** list, int count, sigevent* event)                                           { return find_all_later(mode, list, count, event); }
int      gai_suspend     (const gaicb* const* list, int count, const timespec* t)                                       { return ask_by_libc([=] { return real::gai_suspend(list, count, t); }); }
int      __nss_configure_lookup(const char* database, const char* line)                                                 { return configure(database, line); }
int      res_query       (const char* n, int c, int t, unsigned char* a, int size)                                      { return ask_by_libc([=] { return real::res_query(n, c, t, a, size); }); }
int      res_search      (const char* n, int c, int t, unsigned char* a, int size)                                      { return ask_by_libc([=] { return real::res_search(n, c, t, a, size); }); }
int      res_querydomain (const char* n, const char* d, int c, int t, unsigned char* a, int size)                       { return ask_by_libc([=] { return real::res_querydomain(n, d, c, t, a, size); }); }
int      res_send        (const unsigned char* q, int l, unsigned char* a, int size)                                    { return ask_by_libc([=] { return real::res_send(q, l, a, size); }); }
int      res_nquery      (res_state r, const char* n, int c, int t, unsigned char* a, int size)                         { return ask_by_libc([=] { return real::res_nquery(r, n, c, t, a, size); }); }
int      res_nsearch     (res_state r, const char* n, int c, int t, unsigned char* a, int size)                         { return ask_by_libc([=] { return real::res_nsearch(r, n, c, t, a, size); }); }
int      res_nquerydomain(res_state r, const char* n, const char* d, int c, int t, unsigned char* a, int size)          { return ask_by_libc([=] { return real::res_nquerydomain(r, n, d, c, t, a, size); }); }
int      res_nsend       (res_state r, const unsigned char* q, int l, unsigned char* a, int size)                       { return ask_by_libc([=] { return real::res_nsend(r, q, l, a, size); }); }
}
// clang-format on

}  // namespace weft::hooks

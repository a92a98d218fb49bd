#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <weft/net/address.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "net/number_in.h"
#include "net/numeric_address.h"

namespace weft::net {
namespace {

[[noreturn]] void throw_invalid(std::string_view text) {
  throw std::system_error(EINVAL, std::generic_category(),
                          "weft::net::Address: '" + std::string(text) + "'");
}

std::optional<std::uint32_t> scope_of(const std::string& name) {
  const unsigned index = if_nametoindex(name.c_str());
  return index != 0 ? index : number_in<std::uint32_t>(name);
}

std::string scope_name(std::uint32_t scope) {
  char name[IF_NAMESIZE];
  return if_indextoname(scope, name) != nullptr ? name : std::to_string(scope);
}

Address of_family(int family, std::string_view host, std::uint16_t port) {
  Address address = Address::ip(host, port);
  if (address.family() != family) {
    throw_invalid(host);
  }
  return address;
}

constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);

}  // namespace

Address::Address(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof storage_)) {
  std::memcpy(&storage_, address, size_);
}

std::optional<Address> numeric_address(std::string_view host, std::uint16_t port) {
  const std::string text(host);
  sockaddr_in four = {};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    return Address(reinterpret_cast<const sockaddr*>(&four), sizeof four);
  }
  sockaddr_in6 six = {};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  const std::size_t percent = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, percent).c_str(), &six.sin6_addr) != 1) {
    return std::nullopt;
  }
  if (percent != std::string::npos) {
    const auto scope = scope_of(text.substr(percent + 1));
    if (!scope) {
      return std::nullopt;
    }
    six.sin6_scope_id = *scope;
  }
  return Address(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

Address Address::ip(std::string_view host, std::uint16_t port) {
  const auto address = numeric_address(host, port);
  if (!address) {
    throw_invalid(host);
  }
  return *address;
}

Address Address::unix_path(std::string_view path) {
  sockaddr_un local = {};
  local.sun_family = AF_UNIX;
  const bool is_abstract = !path.empty() && path.front() == '\0';
  if (path.size() + (is_abstract ? 0 : 1) > sizeof local.sun_path) {
    throw_invalid(path);
  }
  std::memcpy(local.sun_path, path.data(), path.size());
  const std::size_t size = path.empty() ? 0 : path.size() + (is_abstract ? 0 : 1);
  return {reinterpret_cast<const sockaddr*>(&local), static_cast<socklen_t>(kPathAt + size)};
}

Address Address::unix_abstract(std::string_view name) {
  return unix_path(std::string(1, '\0').append(name));
}

Address Address::ip4(std::string_view host, std::uint16_t port) {
  return of_family(AF_INET, host, port);
}

Address Address::ip6(std::string_view host, std::uint16_t port) {
  return of_family(AF_INET6, host, port);
}

Address Address::loopback(std::uint16_t port, int family) {
  return family == AF_INET6 ? ip6("::1", port) : ip4("127.0.0.1", port);
}

Address Address::any(std::uint16_t port, int family) {
  return family == AF_INET6 ? ip6("::", port) : ip4("0.0.0.0", port);
}

Address Address::parse(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    return path.starts_with('@') ? unix_abstract(path.substr(1)) : unix_path(path);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    throw_invalid(text);
  }
  const auto port = number_in<std::uint16_t>(text.substr(colon + 1));
  if (!port) {
    throw_invalid(text);
  }
  const std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    return ip6(host.substr(1, host.size() - 2), *port);
  }
  return ip4(host, *port);
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  }
  return family() == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port)
                              : std::uint16_t{0};
}

Address Address::with_port(std::uint16_t port) const {
  Address copy = *this;
  if (family() == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&copy.storage_)->sin_port = htons(port);
  } else if (family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&copy.storage_)->sin6_port = htons(port);
  }
  return copy;
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET) {
    const auto* const four = reinterpret_cast<const sockaddr_in*>(&storage_);
    return inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
  }
  if (family() == AF_INET6) {
    const auto* const six = reinterpret_cast<const sockaddr_in6*>(&storage_);
    std::string host = inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    return six->sin6_scope_id == 0 ? host : host + '%' + scope_name(six->sin6_scope_id);
  }
  if (family() != AF_UNIX || size_ <= kPathAt) {
    return {};
  }
  const char* const path = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
  const std::size_t size = size_ - kPathAt;
  return {path, path[0] == '\0' ? size : strnlen(path, size)};
}

std::string Address::to_string() const {
  switch (family()) {
    case AF_INET:
      return host() + ':' + std::to_string(port());
    case AF_INET6:
      return '[' + host() + "]:" + std::to_string(port());
    case AF_UNIX: {
      std::string path = host();
      if (!path.empty() && path.front() == '\0') {
        path.front() = '@';
      }
      return "unix:" + path;
    }
    default:
      return "-";
  }
}

}  // namespace weft::net

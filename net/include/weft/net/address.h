// weft/net/address.h: where a socket is: an IPv4, IPv6 or unix address.
//
// Layer:  net, public.      See also: weft/net/resolver.h.
#pragma once
#include <sys/socket.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// Sockets and servers, whose calls wait without holding the thread.
namespace weft::net {

/// An address of a socket, of any family.
///
/// Errors:   what makes one of text throws std::system_error(EINVAL) if the text is none.
/// Threads:  a value: as an int.
/// Promise:  128 bytes and a length; text is made when asked for.
/// Source:   the (host, port) pairs of gevent.socket; sockaddr_storage.
///
///     weft::net::Address here = weft::net::Address::parse("127.0.0.1:8080");
class Address {
 public:
  /// Of no family.
  Address() = default;
  /// A copy of what a call of the kernel has filled in, or wants.
  Address(const sockaddr* address, socklen_t size);
  /// Of a numeric host: "127.0.0.1", "::1", "fe80::1%eth0". The port is in host byte order.
  static Address ip(std::string_view host, std::uint16_t port);
  /// The same, of IPv4 only.
  static Address ip4(std::string_view host, std::uint16_t port);
  /// The same, of IPv6 only.
  static Address ip6(std::string_view host, std::uint16_t port);
  /// This host, as it sees itself: 127.0.0.1 or ::1. Port 0: any free one, for who binds it.
  static Address loopback(std::uint16_t port = 0, int family = AF_INET);
  /// All addresses of this host, for who binds it: 0.0.0.0 or ::.
  static Address any(std::uint16_t port = 0, int family = AF_INET);
  /// Of a path. One that begins with a zero byte is in the abstract namespace; an empty one is
  /// bound by the kernel to a free name.
  static Address unix_path(std::string_view path);
  /// Of a name in the abstract namespace, which is no file and ends with its last socket.
  static Address unix_abstract(std::string_view name);
  /// Of what to_string() says: "127.0.0.1:80", "[::1]:80", "unix:/run/x", "unix:@abstract".
  static Address parse(std::string_view text);

  /// AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC.
  [[nodiscard]] int family() const { return storage_.ss_family; }
  /// 0 where there is none.
  [[nodiscard]] std::uint16_t port() const;
  /// The same address with another port. Of a family without ports: itself.
  [[nodiscard]] Address with_port(std::uint16_t port) const;
  /// The host in numbers, with its scope; or the unix path.
  [[nodiscard]] std::string host() const;
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x", "unix:@abstract".
  [[nodiscard]] std::string to_string() const;

  /// For calls of the kernel.
  [[nodiscard]] const sockaddr* data() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  /// Bytes at data().
  [[nodiscard]] socklen_t size() const { return size_; }

  /// The same bytes.
  friend bool operator==(const Address& a, const Address& b) { return a.bytes() == b.bytes(); }
  /// Some order, for containers.
  friend std::strong_ordering operator<=>(const Address& a, const Address& b) {
    return a.bytes() <=> b.bytes();
  }
  /// data() as text, for hashes.
  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(&storage_), size_};
  }

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

}  // namespace weft::net

/// For unordered containers.
template <>
struct std::hash<weft::net::Address> {
  /// Of the bytes.
  std::size_t operator()(const weft::net::Address& address) const noexcept {
    return std::hash<std::string_view>()(address.bytes());
  }
};

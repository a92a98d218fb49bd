// weft/net/connect.h: a connection of TCP to a host by its name, over whichever address answers.
//
// Layer:  net, public.      See also: weft/net/resolver.h, tcp.h; net/DESIGN.md ("Connecting").
#pragma once
#include <weft/net/address.h>
#include <weft/net/tcp.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace weft::net {

/// How to connect. The delays are those that RFC 8305 recommends.
struct ConnectOptions {
  /// For all attempts together, and for looking up the name; none: no limit.
  std::optional<std::chrono::nanoseconds> timeout = {};
  /// Where to connect from; port 0: any. Only addresses of its family are tried then.
  Address source = {};
  /// After this the next address is tried beside those that have not answered yet.
  std::chrono::nanoseconds attempt_delay = std::chrono::milliseconds(250);
  /// How long IPv4 waits for the addresses of IPv6 to be known.
  std::chrono::nanoseconds resolution_delay = std::chrono::milliseconds(50);
};

/// No address could be connected to.
///
/// Promise:  code() is the errno of the address that failed last; ETIMEDOUT if the time was up.
///           what() names each address with its own.
/// Source:   create_connection(all_errors=True).
///
///     catch (const weft::net::ConnectError& e) { for (const auto& f : e.failures())
///     log(f.address); }
class ConnectError : public std::system_error {
 public:
  /// What became of one address.
  struct Failure {
    Address address;        ///< Which.
    std::error_code error;  ///< Why not.
  };
  /// Of what became of all of them.
  ConnectError(int error, std::vector<Failure> failures);
  /// In the order in which they failed. Those without an answer yet are not among them.
  [[nodiscard]] const std::vector<Failure>& failures() const noexcept { return failures_; }

 private:
  std::vector<Failure> failures_;
};

/// Connects to a host by name or numeric address. Tries its addresses one after the other, IPv6 and
/// IPv4 by turns, each a little later than the one before, until one answers.
///
/// Errors:   ConnectError; ResolveError if the name has no address; whatever calls off the waits.
/// Threads:  any, fiber or not. Without fibers both families are looked up first, and the timeout
///           does not count for that.
/// Promise:  RFC 8305 ("Happy Eyeballs"): a dead address costs a fraction of a second, and one that
///           refuses costs nothing. All attempts but the one that is returned are closed before it
///           returns or throws, for whatever reason.
/// Source:   gevent.socket.create_connection().
///
///     auto stream = weft::net::connect("example.org", 443, {.timeout = 5s});
TcpStream connect(std::string_view host, std::uint16_t port, const ConnectOptions& options = {});
/// The same, with the port as digits or the name of a service.
TcpStream connect(std::string_view host, std::string_view service,
                  const ConnectOptions& options = {});

/// The same with addresses that are known, best first.
///
/// Errors:   ConnectError; its code is EDESTADDRREQ if there is no address.
///
///     auto stream = weft::net::connect_any({first, second});
TcpStream connect_any(const std::vector<Address>& addresses, const ConnectOptions& options = {});

}  // namespace weft::net

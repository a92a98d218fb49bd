#include <weft/net/connect.h>
#include <weft/net/resolver.h>

#include <utility>

#include "net/happy_eyeballs.h"
#include "net/numeric_address.h"

namespace weft::net {
namespace {

std::string text_of(const std::vector<ConnectError::Failure>& failures) {
  std::string text = "weft::net::connect";
  const char* separator = ": ";
  for (const ConnectError::Failure& failure : failures) {
    text += separator + failure.address.to_string() + " (" + failure.error.message() + ")";
    separator = ", ";
  }
  return text;
}

std::vector<Address> of_family(const std::vector<Address>& addresses, int family) {
  std::vector<Address> some;
  for (const Address& address : addresses) {
    if (family == AF_UNSPEC || address.family() == family) {
      some.push_back(address);
    }
  }
  return some;
}

}  // namespace

ConnectError::ConnectError(int error, std::vector<Failure> failures)
    : std::system_error(error, std::generic_category(), text_of(failures)),
      failures_(std::move(failures)) {}

TcpStream connect_any(const std::vector<Address>& addresses, const ConnectOptions& options) {
  Race race(options, nullptr);
  race.untried().add(of_family(addresses, options.source.family()));
  return race.run();
}

TcpStream connect_by(const LookUp& look_up, const ConnectOptions& options) {
  const int family = options.source.family();
  if (runtime::current() == nullptr) {
    return connect_any(look_up(family), options);
  }
  Lookups lookups(look_up, family, options.resolution_delay);
  return Race(options, &lookups).run();
}

TcpStream connect(std::string_view host, std::uint16_t port, const ConnectOptions& options) {
  return connect(host, std::to_string(port), options);
}

TcpStream connect(std::string_view host, std::string_view service, const ConnectOptions& options) {
  if (numeric_address(host, 0)) {
    return connect_any(resolver().resolve(host, service), options);
  }
  return connect_by(
      [host = std::string(host), service = std::string(service)](int family) {
        return resolver().resolve(host, service, {.family = family});
      },
      options);
}

}  // namespace weft::net

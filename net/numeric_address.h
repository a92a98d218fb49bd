// numeric_address.h: Address::ip() for who does not know whether a host is an address.
//
// Layer:  net.
#pragma once
#include <weft/net/address.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::net {

/// Nothing if it is a name, or no host at all.
std::optional<Address> numeric_address(std::string_view host, std::uint16_t port);

}  // namespace weft::net

// tests/load/exchange.h: what is sent, and the only reply that is right.
//
// Layer:  tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::load {

enum class Protocol {
  kEcho,       ///< the reply is the request
  kMemcached,  ///< text protocol: set and get of one key per connection, by turns
};

/// One request and the reply that must come back, byte for byte.
struct Exchange {
  std::string request;
  std::string reply;
};

/// `size` bytes that differ for every pair of connection and sequence number, so that a reply which
/// belongs to another connection, or to an earlier request, is noticed.
[[nodiscard]] std::string pattern(std::uint64_t connection, std::uint64_t sequence,
                                  std::size_t size);

/// The exchange number `sequence` (from 0) of `connection`. `size` is the message or value in
/// bytes.
[[nodiscard]] Exchange make_exchange(Protocol protocol, std::uint64_t connection,
                                     std::uint64_t sequence, std::size_t size);

}  // namespace weft::load

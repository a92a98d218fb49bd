#include "tests/load/exchange.h"

#include <algorithm>
#include <cstring>

namespace weft::load {
namespace {

// SplitMix64's finaliser: neighbouring inputs give unrelated outputs.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

Exchange memcached_exchange(std::uint64_t connection, std::uint64_t sequence, std::size_t size) {
  const std::string key = "weft_load:" + std::to_string(connection);
  const bool is_set = sequence % 2 == 0;
  const std::string value = pattern(connection, is_set ? sequence : sequence - 1, size);
  if (is_set) {
    return {"set " + key + " 0 0 " + std::to_string(size) + "\r\n" + value + "\r\n", "STORED\r\n"};
  }
  return {"get " + key + "\r\n",
          "VALUE " + key + " 0 " + std::to_string(size) + "\r\n" + value + "\r\nEND\r\n"};
}

}  // namespace

std::string pattern(std::uint64_t connection, std::uint64_t sequence, std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t word = mix(mix(connection) ^ sequence);
  for (std::size_t at = 0; at < size; at += sizeof word) {
    std::memcpy(&bytes[at], &word, std::min(sizeof word, size - at));
    word = mix(word);
  }
  return bytes;
}

Exchange make_exchange(Protocol protocol, std::uint64_t connection, std::uint64_t sequence,
                       std::size_t size) {
  if (protocol == Protocol::kMemcached) return memcached_exchange(connection, sequence, size);
  const std::string message = pattern(connection, sequence, size);
  return {message, message};
}

}  // namespace weft::load

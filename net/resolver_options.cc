#include <weft/net/resolver.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "net/number_in.h"

namespace weft::net {
namespace {

[[noreturn]] void throw_unreadable(const char* variable, std::string_view text) {
  throw std::system_error(EINVAL, std::generic_category(),
                          std::string(variable) + '=' + std::string(text));
}

template <class Number>
std::optional<Number> number_of(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text == '\0') {
    return std::nullopt;
  }
  const auto number = number_in<Number>(text);
  if (!number || !(*number >= 0)) {  // NaN is not
    throw_unreadable(variable, text);
  }
  return number;
}

// c-ares counts milliseconds in an int.
std::optional<std::chrono::milliseconds> seconds_in(const char* variable) {
  const auto seconds = number_of<double>(variable);
  if (!seconds) {
    return std::nullopt;
  }
  const double milliseconds = std::round(*seconds * 1000);
  if (milliseconds > std::numeric_limits<int>::max()) {
    throw_unreadable(variable, std::to_string(*seconds));
  }
  return std::chrono::milliseconds(static_cast<int>(milliseconds));
}

ResolverKind kind_in(const char* variable) {
  const char* const text = std::getenv(variable);
  const std::string_view view(text == nullptr ? "" : text);
  if (view.empty() || view == "ares") {
    return ResolverKind::kAres;
  }
  if (view == "thread") {
    return ResolverKind::kThreadPool;
  }
  if (view == "block") {
    return ResolverKind::kBlocking;
  }
  throw_unreadable(variable, view);
}

// An address with a port as Address has it, or without.
Address server_in(std::string_view text) {
  constexpr std::uint16_t kDomain = 53;
  const bool has_port = text.front() == '[' || std::count(text.begin(), text.end(), ':') == 1;
  return has_port ? Address::parse(text) : Address::ip(text, kDomain);
}

std::vector<Address> servers_in(const char* variable) {
  const char* const text = std::getenv(variable);
  std::string_view rest(text == nullptr ? "" : text);
  std::vector<Address> servers;
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find(','), rest.size());
    if (length > 0) {
      servers.push_back(server_in(rest.substr(0, length)));
    }
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return servers;
}

}  // namespace

ResolverOptions ResolverOptions::from_environment() {
  ResolverOptions options;
  options.kind = kind_in("WEFT_RESOLVER");
  options.timeout = seconds_in("WEFT_ARES_TIMEOUT");
  options.tries = number_of<int>("WEFT_ARES_TRIES");
  options.ndots = number_of<int>("WEFT_ARES_NDOTS");
  options.servers = servers_in("WEFT_ARES_SERVERS");
  return options;
}

}  // namespace weft::net

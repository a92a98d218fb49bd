#include "net/hosts_file.h"

#include <algorithm>

#include "net/numeric_address.h"

namespace weft::net {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  constexpr std::string_view kSpaces = " \t\r\v\f";
  line = line.substr(0, line.find('#'));
  std::vector<std::string> words;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) {
      return words;
    }
    line.remove_prefix(begin);
    const std::size_t length = std::min(line.find_first_of(kSpaces), line.size());
    words.emplace_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

}  // namespace

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}

HostNames::HostNames(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    add_line(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
}

void HostNames::add_line(std::string_view text) {
  std::vector<std::string> words = words_of(text);
  if (words.size() < 2) {
    return;
  }
  const auto address = numeric_address(words[0], 0);
  if (!address) {
    return;  // libc passes over such lines, too
  }
  Line line = {*address, {words.begin() + 1, words.end()}};
  for (const std::string& name : line.names) {
    std::vector<std::size_t>& places = by_name_[lower_case(name)];
    if (places.empty() || places.back() != lines_.size()) {
      places.push_back(lines_.size());
    }
  }
  lines_.push_back(std::move(line));
}

std::optional<HostEntry> HostNames::find(std::string_view name, int family) const {
  const auto places = by_name_.find(lower_case(name));
  if (places == by_name_.end()) {
    return std::nullopt;
  }
  HostEntry host;
  for (const std::size_t place : places->second) {
    const Line& line = lines_[place];
    if (family != AF_UNSPEC && line.address.family() != family) {
      continue;
    }
    if (host.addresses.empty()) {
      host.name = line.names.front();
      host.aliases.assign(line.names.begin() + 1, line.names.end());
    }
    host.addresses.push_back(line.address);
  }
  return host.addresses.empty() ? std::nullopt : std::optional(std::move(host));
}

std::optional<std::string> HostNames::name_of(const Address& address) const {
  const Address wanted = address.with_port(0);
  const auto line = std::find_if(lines_.begin(), lines_.end(),
                                 [&](const Line& each) { return each.address == wanted; });
  return line == lines_.end() ? std::nullopt : std::optional(line->names.front());
}

}  // namespace weft::net

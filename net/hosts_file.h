// hosts_file.h: what a file of names and addresses says, hosts(5).
//
// Layer:  net.
#pragma once
#include <weft/net/resolver.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::net {

/// The names of a hosts file as it stood once.
class HostNames {
 public:
  explicit HostNames(std::string_view text);

  /// All addresses of that family (AF_UNSPEC: of both) that lines have for the name, as libc's
  /// service "files" does.
  [[nodiscard]] std::optional<HostEntry> find(std::string_view name, int family) const;
  /// The first name of the address, whatever its port.
  [[nodiscard]] std::optional<std::string> name_of(const Address& address) const;

 private:
  struct Line {
    Address address;
    std::vector<std::string> names;
  };
  void add_line(std::string_view text);

  std::vector<Line> lines_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
};

/// Names of hosts are the same but for the case of ASCII letters.
std::string lower_case(std::string_view name);

}  // namespace weft::net

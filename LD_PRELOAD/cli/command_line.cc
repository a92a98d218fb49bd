#include "LD_PRELOAD/cli/command_line.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace weft::cli {

CommandLine cut(const std::vector<std::string>& arguments,
                const std::vector<std::string>& options_with_value) {
  auto at = arguments.begin();
  while (at != arguments.end() && at->starts_with("-") && *at != "--") {
    const bool takes_next = std::ranges::find(options_with_value, *at) != options_with_value.end();
    ++at;
    if (takes_next && at != arguments.end()) ++at;
  }
  CommandLine line;
  line.options.assign(arguments.begin(), at);
  if (at != arguments.end() && *at == "--") ++at;
  line.program.assign(at, arguments.end());
  return line;
}

unsigned long long parse_size(const std::string& text) {
  constexpr unsigned long long kLargest = 1ULL
                                          << 53;  // times 1 GiB would overflow: no stack is near
  unsigned long long number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number > kLargest) return 0;
  const std::string unit(rest, end);
  if (unit.empty()) return number;
  if (unit.size() != 1) return 0;
  switch (std::toupper(static_cast<unsigned char>(unit[0]))) {
    case 'K':
      return number << 10;
    case 'M':
      return number << 20;
    case 'G':
      return number > (kLargest >> 30) ? 0 : number << 30;
    default:
      return 0;
  }
}

}  // namespace weft::cli

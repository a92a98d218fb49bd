#include "hooks/active.h"

#include <cstring>

#include "runtime/check.h"

namespace weft::hooks {
namespace {
struct GroupName {
  const char* name;
  Group group;
};
constexpr GroupName kGroupNames[] = {
    {"io", Group::kIo},         {"poll", Group::kPoll}, {"time", Group::kTime},
    {"thread", Group::kThread}, {"sync", Group::kSync}, {"process", Group::kProcess},
    {"signal", Group::kSignal}, {"dns", Group::kDns},   {"stdio", Group::kStdio},
    {"file", Group::kFile},
};

std::uint32_t bits_of_list(const char* variable, const char* list) {
  std::uint32_t bits = 0;
  while (*list != '\0') {
    const std::size_t length = std::strcspn(list, ",");
    const std::uint32_t bit = group_bit(list, length);
    if (bit == 0 && length != 0) {
      runtime::print_line("weft: ", variable,
                          " names an unknown group; known are io, poll, time, thread, sync, "
                          "process, signal, dns, stdio, file. Given: ",
                          list);
    }
    bits |= bit;
    list += length;
    list += *list == ',' ? 1 : 0;
  }
  return bits;
}

}  // namespace

std::uint32_t group_bit(const char* name, std::size_t length) {
  for (const GroupName& known : kGroupNames) {
    if (std::strlen(known.name) == length && std::memcmp(known.name, name, length) == 0) {
      return static_cast<std::uint32_t>(known.group);
    }
  }
  return 0;
}

std::uint32_t groups(const char* enabled, const char* disabled) {
  return (kUsualGroups | bits_of_list("WEFT_ENABLE", enabled)) &
         ~bits_of_list("WEFT_DISABLE", disabled);
}

}  // namespace weft::hooks

#include "hooks/active.h"

#include <algorithm>
#include <stdexcept>

#include "runtime/check.h"

namespace weft {
namespace hooks {
namespace {

struct GroupName {
  std::string_view name;
  Group group;
};
constexpr GroupName kGroupNames[] = {
    {"io", Group::kIo},         {"poll", Group::kPoll}, {"time", Group::kTime},
    {"thread", Group::kThread}, {"sync", Group::kSync}, {"process", Group::kProcess},
    {"signal", Group::kSignal}, {"dns", Group::kDns},   {"stdio", Group::kStdio},
    {"ipc", Group::kIpc},       {"file", Group::kFile}, {"socket", Group::kSocket},
    {"select", Group::kSelect},
};
constexpr char kUnknown[] =
    " names an unknown group; known are io (or socket), poll (or select), time, thread, sync, "
    "process, signal, dns, stdio, ipc, file";

// Zero if there is none of that name.
std::uint32_t bit_of(std::string_view name) {
  for (const GroupName& known : kGroupNames) {
    if (known.name == name) {
      return CallGroups(known.group).bits();
    }
  }
  return 0;
}

// The groups of a list with commas between; unknown(name) for a name of none.
template <class Unknown>
std::uint32_t bits_of(std::string_view list, Unknown unknown) {
  std::uint32_t bits = 0;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    const std::uint32_t bit = bit_of(name);
    if (bit == 0 && !name.empty()) {
      unknown(name);
    }
    bits |= bit;
    list.remove_prefix(std::min(name.size() + 1, list.size()));
  }
  return bits;
}

std::uint32_t bits_of_variable(const char* variable, const char* list) {
  return bits_of(list, [=](std::string_view) {
    runtime::print_line("weft: ", variable, kUnknown, ". Given: ", list);
  });
}

}  // namespace

std::uint32_t groups(const char* enabled, const char* disabled) {
  return (kUsualGroups.bits() | bits_of_variable("WEFT_ENABLE", enabled)) &
         ~bits_of_variable("WEFT_DISABLE", disabled);
}

}  // namespace hooks

CallGroups call_groups(std::string_view names) {
  return CallGroups(hooks::bits_of(names, [](std::string_view name) {
    throw std::invalid_argument("weft::call_groups: '" + std::string(name) + "'" + hooks::kUnknown);
  }));
}

std::string names(CallGroups groups) {
  std::string list;
  for (const hooks::GroupName& known : hooks::kGroupNames) {
    if (groups.contains(known.group)) {
      list += (list.empty() ? "" : ",") + std::string(known.name);
      groups = groups - known.group;  // its second name is not for us
    }
  }
  return list;
}

}  // namespace weft

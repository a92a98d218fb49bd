#include "runtime/cpus.h"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "runtime/sys.h"

namespace weft::runtime {
namespace {

// Empty if it can't be read.
std::string read_file(const std::string& path) {
  const long fd = sys::call(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (sys::failed(fd)) {
    return "";
  }
  std::string text;
  char block[4096] = {};
  for (long got = 1; got > 0;) {
    got = sys::call(SYS_read, fd, block, sizeof block);
    text.append(block, static_cast<std::size_t>(std::max(got, 0L)));
  }
  sys::call(SYS_close, fd);
  return text;
}

// Zero if it is no number ("max", "-1").
long number(std::string_view text) {
  long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::max(value, 0L);
}

int round_up(long quota_us, long period_us) {
  return quota_us > 0 && period_us > 0 ? static_cast<int>((quota_us + period_us - 1) / period_us)
                                       : 0;
}

int quota_v2(const std::string& folder) {
  std::istringstream text(read_file(folder + "/cpu.max"));
  std::string quota;
  long period = 0;
  text >> quota >> period;
  return round_up(number(quota), period);
}

int quota_v1(const std::string& folder) {
  return round_up(number(read_file(folder + "/cpu.cfs_quota_us")),
                  number(read_file(folder + "/cpu.cfs_period_us")));
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == word) {
      return true;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// Where a hierarchy of control groups is mounted, and which of its groups is the root there.
struct Mount {
  std::string point;
  std::string group;
};

Mount find_mount(const std::string& root, bool is_v2) {
  std::istringstream lines(read_file(root + "/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    // id parent device group point options... - type source options
    std::istringstream words(line);
    std::string word;
    Mount mount;
    words >> word >> word >> word >> mount.group >> mount.point;
    while (words >> word && word != "-") {
    }
    std::string type;
    std::string options;
    words >> type >> word >> options;
    if (is_v2 ? type == "cgroup2" : type == "cgroup" && has_word(options, "cpu")) {
      return mount;
    }
  }
  return {};
}

// The group of this process as a path below the mount: that of a container is not seen from inside
// under its full name.
std::string below(const Mount& mount, std::string group) {
  if (mount.group != "/" && group.starts_with(mount.group)) {
    group.erase(0, mount.group.size());
  }
  return group.find("..") == std::string::npos ? group : "";
}

// A group gets no more than those above it.
int least_quota(const std::string& root, const std::string& own_group, bool is_v2) {
  const Mount mount = find_mount(root, is_v2);
  if (mount.point.empty()) {
    return 0;
  }
  int least = 0;
  std::string group = below(mount, own_group);
  for (;;) {
    std::string folder = root;
    folder.append(mount.point).append(group);
    const int quota = is_v2 ? quota_v2(folder) : quota_v1(folder);
    if (quota != 0 && (least == 0 || quota < least)) {
      least = quota;
    }
    if (group.empty()) {
      return least;
    }
    group.erase(std::min(group.rfind('/'), group.size()));
  }
}

}  // namespace

int cpu_quota(const std::string& root) {
  std::istringstream lines(read_file(root + "/proc/self/cgroup"));
  int least = 0;
  for (std::string line; std::getline(lines, line);) {
    // hierarchy:controllers:group; v2 is hierarchy 0 without controllers
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_v2 = controllers.empty();
    if (is_v2 || has_word(controllers, "cpu")) {
      const int quota = least_quota(root, line.substr(second + 1), is_v2);
      least = quota != 0 && (least == 0 || quota < least) ? quota : least;
    }
  }
  return least;
}

int available_cpus(const std::string& root) {
  cpu_set_t set = {};
  const long bytes = sys::call(SYS_sched_getaffinity, 0, sizeof set, &set);
  const int in_mask = sys::failed(bytes) ? 1 : std::max(CPU_COUNT(&set), 1);
  const int quota = cpu_quota(root);
  return quota == 0 ? in_mask : std::min(in_mask, quota);
}

}  // namespace weft::runtime

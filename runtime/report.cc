#include "runtime/report.h"

#include <sys/uio.h>
#include <weft/introspection.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr int kNobody = -1;

// What is known of one fiber.
struct Line {
  std::uint64_t id = 0;
  std::uint64_t parent_id = 0;
  pid_t tid = 0;
  const void* end_state = nullptr;
  FiberState state = FiberState::kFree;
  WaitReason waits_for;
  char name[sizeof Fiber::name] = {};
  int blocker = kNobody;  // index of the fiber that it waits for
};

std::vector<Line> look(Scheduler& scheduler) {
  std::vector<Line> lines;
  lines.reserve(static_cast<std::size_t>(scheduler.live_fibers()) + 64);
  scheduler.for_each_fiber([&lines](const Fiber& fiber) {
    if (lines.size() == lines.capacity()) {
      return;  // no allocation under the lock: whoever came in this moment is left out
    }
    Line line;
    line.id = fiber.id;
    line.parent_id = fiber.parent_id;
    line.tid = fiber.tid;
    line.end_state = &fiber.end_state;
    line.state = state_of(fiber);
    line.waits_for = fiber.waits_for.load();
    constexpr char kMain[] = "main";  // its own name is the process's
    if (fiber.is_main) {
      std::copy(std::begin(kMain), std::end(kMain), line.name);
    } else {
      std::copy(std::begin(fiber.name), std::end(fiber.name), line.name);
    }
    lines.push_back(line);
  });
  std::reverse(lines.begin(), lines.end());  // oldest first
  return lines;
}

// The owner that a pthread_mutex_t names: libc keeps it 8 bytes behind the lock word. The mutex may
// be gone by now.
pid_t owner_of(const void* lock_word) {
  pid_t owner = 0;
  const iovec to = {&owner, sizeof owner};
  const iovec from = {const_cast<char*>(static_cast<const char*>(lock_word)) + 8, sizeof owner};
  const long got = sys::call(SYS_process_vm_readv, sys::call(SYS_getpid), &to, 1, &from, 1, 0);
  return got == sizeof owner ? owner : 0;
}

template <class Matches>
int find(const std::vector<Line>& lines, Matches matches) {
  const auto found = std::find_if(lines.begin(), lines.end(), matches);
  return found == lines.end() ? kNobody : static_cast<int>(found - lines.begin());
}

int blocker_of(const std::vector<Line>& lines, const WaitReason& reason) {
  if (reason.kind == WaitReason::Kind::kMutex) {
    const pid_t owner = owner_of(reason.address);
    return owner == 0 ? kNobody : find(lines, [owner](const Line& l) { return l.tid == owner; });
  }
  if (reason.kind == WaitReason::Kind::kJoin) {
    return find(lines, [&reason](const Line& l) { return l.end_state == reason.address; });
  }
  return kNobody;
}

std::vector<Line> look_with_blockers(Scheduler& scheduler) {
  std::vector<Line> lines = look(scheduler);
  for (Line& line : lines) {
    if (line.state == FiberState::kParked) {
      line.blocker = blocker_of(lines, line.waits_for);
    }
  }
  return lines;
}

std::string describe(const Line& line) {
  char text[64] = {};
  std::snprintf(text, sizeof text, "fiber %llu", static_cast<unsigned long long>(line.id));
  return line.name[0] == '\0' ? text : std::string(text) + " '" + line.name + "'";
}

std::string describe_fd(int fd) {
  const std::string number = std::to_string(fd);
  char target[128] = {};
  const long length =
      sys::call(SYS_readlink, ("/proc/self/fd/" + number).c_str(), target, sizeof target - 1);
  return "descriptor " + number + (length > 0 ? std::string(" (") + target + ")" : "");
}

std::string describe_address(const void* address) {
  char text[32] = {};
  std::snprintf(text, sizeof text, "%p", address);
  return text;
}

std::string describe_wait(const std::vector<Line>& lines, const Line& line) {
  const WaitReason& reason = line.waits_for;
  const std::string blocker =
      line.blocker == kNobody ? "" : describe(lines[static_cast<std::size_t>(line.blocker)]);
  switch (reason.kind) {
    case WaitReason::Kind::kRead:
      return "waits to read " + describe_fd(reason.fd);
    case WaitReason::Kind::kWrite:
      return "waits to write " + describe_fd(reason.fd);
    case WaitReason::Kind::kPoll:
      return reason.fd < 0 ? "polls nothing" : "polls " + describe_fd(reason.fd);
    case WaitReason::Kind::kSleep:
      return "sleeps";
    case WaitReason::Kind::kAddress:
      return "waits at " + describe_address(reason.address);
    case WaitReason::Kind::kMutex:
      return "waits for the mutex at " + describe_address(reason.address) +
             (blocker.empty() ? "" : ", held by " + blocker);
    case WaitReason::Kind::kJoin:
      return "waits for the end of " + (blocker.empty() ? "a fiber" : blocker);
    case WaitReason::Kind::kNothing:
      break;
  }
  return "waits";
}

std::string describe_state(const std::vector<Line>& lines, const Line& line) {
  switch (line.state) {
    case FiberState::kParked:
      return describe_wait(lines, line);
    case FiberState::kReady:
      return "is ready";
    case FiberState::kRunning:
      return "runs";
    default:
      return "has ended";
  }
}

// Follows the blockers of each fiber that is in no circle yet.
std::string describe_circles(const std::vector<Line>& lines) {
  std::string text;
  std::vector<int> seen_from(lines.size(), kNobody);
  for (int start = 0; start < static_cast<int>(lines.size()); ++start) {
    int at = start;
    while (at != kNobody && seen_from[static_cast<std::size_t>(at)] == kNobody) {
      seen_from[static_cast<std::size_t>(at)] = start;
      at = lines[static_cast<std::size_t>(at)].blocker;
    }
    if (at == kNobody || seen_from[static_cast<std::size_t>(at)] != start) {
      continue;
    }
    text += "deadlock: " + describe(lines[static_cast<std::size_t>(at)]);
    int next = at;
    do {
      next = lines[static_cast<std::size_t>(next)].blocker;
      text += " -> " + describe(lines[static_cast<std::size_t>(next)]);
    } while (next != at);
    text += "\n";
  }
  return text;
}

}  // namespace

std::vector<FiberInfo> report_fibers(Scheduler& scheduler) {
  const std::vector<Line> lines = look_with_blockers(scheduler);
  std::vector<FiberInfo> fibers;
  fibers.reserve(lines.size());
  for (const Line& line : lines) {
    fibers.push_back({line.id, line.parent_id, line.name, describe_state(lines, line)});
  }
  return fibers;
}

std::string report(Scheduler& scheduler) {
  const std::vector<Line> lines = look_with_blockers(scheduler);
  std::string text =
      "weft: process " + std::to_string(sys::call(SYS_getpid)) + ", " +
      std::to_string(lines.size()) + " fibers, " + std::to_string(scheduler.holders()) + " of " +
      std::to_string(scheduler.workers()) + " workers" +
      (scheduler.seeded() == nullptr ? ""
                                     : ", seed " + std::to_string(scheduler.seeded()->seed())) +
      "\n";
  for (const Line& line : lines) {
    text += describe(line) + " (thread " + std::to_string(line.tid) + ") " +
            describe_state(lines, line) + "\n";
  }
  return text + describe_circles(lines);
}

}  // namespace weft::runtime

#include "hooks/fd_table.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

using runtime::fd_slot;
using runtime::FdSlot;
namespace sys = runtime::sys;

namespace {

int socket_option(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return sys::failed(sys::call(SYS_getsockopt, fd, SOL_SOCKET, option, &value, &size)) ? -1 : value;
}

Kind kind_of_socket(int fd) {
  if (socket_option(fd, SO_TYPE) != SOCK_STREAM) {
    return Kind::kDatagram;
  }
  const int domain = socket_option(fd, SO_DOMAIN);
  const bool is_internet = domain == AF_INET || domain == AF_INET6;
  return is_internet && socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP ? Kind::kTcp : Kind::kStream;
}

Kind look(int fd) {
  struct stat status = {};
  if (sys::failed(sys::call(SYS_fstat, fd, &status))) {
    return Kind::kUnknown;
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFSOCK:
      return kind_of_socket(fd);
    case S_IFIFO:
      return Kind::kPipe;
    case S_IFREG:
    case S_IFDIR:
    case S_IFBLK:
      return Kind::kPlain;
    case S_IFCHR:
      return Kind::kPolled;
    default:
      return Kind::kNowait;  // an anonymous inode: eventfd, timerfd, signalfd, inotify, epoll…
  }
}

}  // namespace

FdInfo info_of(int fd, FdSlot& slot) {
  const FdInfo known(slot.tag.load(std::memory_order_acquire));
  return known.kind() != Kind::kUnknown ? known : look_again(fd, slot);
}

bool is_plain(int fd) {
  FdSlot* const slot = fd_slot(fd);
  return slot != nullptr && info_of(fd, *slot).kind() == Kind::kPlain;
}

FdInfo look_again(int fd, FdSlot& slot) {
  const FdInfo found(look(fd), 0);
  if (found.kind() != Kind::kPipe && found.kind() != Kind::kTcp) {
    slot.forbid_shortcut();
  }
  slot.tag.store(found.tag(), std::memory_order_release);
  return found;
}

int adopt(int fd, Kind kind, std::uint32_t flags) {
  if (FdSlot* const slot = fd_slot(fd)) {
    slot->reset();
    slot->tag.store(FdInfo(kind, flags).tag(), std::memory_order_release);
  }
  return fd;
}

int share(int from, int to) {
  FdSlot* const source = fd_slot(from);
  FdSlot* const target = fd_slot(to);
  if (source != nullptr && target != nullptr && from != to) {
    source->tag.fetch_and(~FdInfo::kPrivate);
    const FdInfo info(source->tag.load());
    target->reset();
    target->tag.store(FdInfo(info.kind(), 0).tag(), std::memory_order_release);
  }
  return to;
}

void forget(int fd) {
  FdSlot* const slot = fd_slot(fd);
  if (slot == nullptr) {
    return;
  }
  const bool may_live_on = !FdInfo(slot->tag.load(std::memory_order_relaxed)).has(FdInfo::kPrivate);
  runtime::Scheduler* const scheduler = runtime::Scheduler::current();
  if (may_live_on && scheduler != nullptr) {
    // Else epoll goes on reporting the description under a number that means something else.
    scheduler->hub().forget(fd, *slot);
  }
  slot->reset();
}

void share_all() {
  runtime::for_each_fd_slot(
      [](int, FdSlot& slot) { slot.tag.fetch_and(~FdInfo::kPrivate, std::memory_order_relaxed); });
}

void set_flag(int fd, std::uint32_t flag, bool on) {
  if (FdSlot* const slot = fd_slot(fd)) {
    if (on) {
      slot->tag.fetch_or(flag);
    } else {
      slot->tag.fetch_and(~flag);
    }
  }
}

}  // namespace weft::hooks

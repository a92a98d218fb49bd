#include "net/channel.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "runtime/fd_call.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::net {

namespace sys = runtime::sys;
using runtime::Deadline;
using runtime::Direction;
using runtime::FdInterest;
using runtime::FdWaitOptions;

namespace {

long to_libc(long result) {
  if (sys::failed(result)) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}

// The sockets that c-ares waits with.
class Sockets {
 public:
  explicit Sockets(ares_channel channel) {
    ares_socket_t fds[ARES_GETSOCK_MAXNUM];
    const int wanted = ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const bool reads = ARES_GETSOCK_READABLE(wanted, i) != 0;
      const bool writes = ARES_GETSOCK_WRITABLE(wanted, i) != 0;
      if (reads || writes) {
        add(fds[i], reads, writes);
      }
    }
  }

  /// Has c-ares look at those that are ready. False if none is.
  bool process(ares_channel channel) {
    const Uncancelled whole;
    if (sys::call(SYS_poll, polled_, polled_count_, 0) <= 0) {
      return false;
    }
    for (int i = 0; i < polled_count_; ++i) {
      const short events = polled_[i].revents;
      if (events != 0) {
        ares_process_fd(channel, (events & ~POLLOUT) != 0 ? polled_[i].fd : ARES_SOCKET_BAD,
                        (events & POLLOUT) != 0 ? polled_[i].fd : ARES_SOCKET_BAD);
      }
    }
    return true;
  }

  /// Parks until an edge on any of them, which may have come since they were listed.
  int wait(const FdWaitOptions& options) {
    if (runtime::current() == nullptr) {
      const timespec left = options.deadline.left();
      sys::call(SYS_ppoll, polled_, polled_count_, &left, nullptr, 0);
      return 0;
    }
    constexpr std::chrono::milliseconds kBlindInterval(10);
    bool refused = false;
    const int ended = runtime::wait_for_any(interests_, interests_count_, options, &refused);
    if (refused) {  // epoll has no room for it: look again and again
      runtime::park_until(std::min(options.deadline, Deadline::after(kBlindInterval)));
    }
    return ended;
  }

 private:
  void add(int fd, bool reads, bool writes) {
    polled_[polled_count_++] = {
        fd, static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0};
    if (reads) {
      add_interest(fd, Direction::kRead);
    }
    if (writes) {
      add_interest(fd, Direction::kWrite);
    }
  }
  void add_interest(int fd, Direction direction) {
    FdInterest& interest = interests_[interests_count_++];
    interest.fd = fd;
    interest.direction = direction;
    interest.slot = runtime::fd_slot(fd);
    interest.seen = interest.slot->edges(direction);
  }

  pollfd polled_[ARES_GETSOCK_MAXNUM] = {};
  int polled_count_ = 0;
  FdInterest interests_[2 * ARES_GETSOCK_MAXNUM];
  std::size_t interests_count_ = 0;
};

in_port_t port_of(const sockaddr* address) {
  return address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                        : reinterpret_cast<const sockaddr_in*>(address)->sin_port;
}

ares_addr_port_node node_of(const sockaddr* address) {
  ares_addr_port_node node = {};
  node.family = address->sa_family;
  node.udp_port = node.tcp_port = ntohs(port_of(address));
  if (node.family == AF_INET6) {
    const auto* const six = reinterpret_cast<const sockaddr_in6*>(address);
    std::memcpy(&node.addr.addr6, &six->sin6_addr, sizeof six->sin6_addr);
  } else {
    node.addr.addr4 = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  }
  return node;
}

}  // namespace

const ares_socket_functions Channel::kCalls = {
    .asocket = open_socket,
    .aclose = close_socket,
    .aconnect = connect_socket,
    .arecvfrom = [](ares_socket_t fd, void* data, size_t size, int flags, sockaddr* from,
                    socklen_t* from_size, void*) -> ares_ssize_t {
      return to_libc(sys::call(SYS_recvfrom, fd, data, size, flags, from, from_size));
    },
    .asendv = [](ares_socket_t fd, const iovec* data, int count, void*) -> ares_ssize_t {
      msghdr message = {};
      message.msg_iov = const_cast<iovec*>(data);
      message.msg_iovlen = static_cast<std::size_t>(count);
      return to_libc(sys::call(SYS_sendmsg, fd, &message, MSG_NOSIGNAL));
    },
};

ares_socket_t Channel::open_socket(int family, int type, int protocol, void* self) {
  const auto fd = static_cast<int>(
      to_libc(sys::call(SYS_socket, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)));
  if (fd < 0) {
    // libc's resolver goes on to the next server only where this one's family does not exist.
    static_cast<Channel*>(self)->local_error_ = errno == EAFNOSUPPORT ? 0 : errno;
    return ARES_SOCKET_BAD;
  }
  if (weft::detail::adopt_fd(fd) == nullptr) {
    sys::call(SYS_close, fd);
    static_cast<Channel*>(self)->local_error_ = errno = EMFILE;
    return ARES_SOCKET_BAD;
  }
  return fd;
}

int Channel::close_socket(ares_socket_t fd, void* /*self*/) {
  weft::detail::forget_fd(fd, true);  // a child that was forked meanwhile has it, too
  return static_cast<int>(to_libc(sys::call(SYS_close, fd)));
}

int Channel::connect_socket(ares_socket_t fd, const sockaddr* address, socklen_t size, void* self) {
  const Server& peer = static_cast<Channel*>(self)->peer_;
  const bool is_given = peer.address != nullptr;
  return static_cast<int>(to_libc(
      sys::call(SYS_connect, fd, is_given ? peer.address : address, is_given ? peer.size : size)));
}

void Channel::open(ares_options& options, int given) {
  const Uncancelled whole;
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS || ares_init_options(&channel_, &options, given) != ARES_SUCCESS) {
    local_error_ = ENOMEM;
    return;
  }
  ares_set_socket_functions(channel_, &kCalls, this);
}

void Channel::set_servers(std::span<const Server> servers) {
  if (local_error_ != 0) {
    return;
  }
  std::vector<ares_addr_port_node> nodes;
  nodes.reserve(servers.size());
  for (const Server& server : servers) {
    nodes.push_back(node_of(server.address));
  }
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    nodes[i - 1].next = &nodes[i];
  }
  if (ares_set_servers_ports(channel_, nodes.data()) != ARES_SUCCESS) {
    local_error_ = ENOMEM;
  }
}

Channel::~Channel() {
  if (channel_ != nullptr) {
    ares_destroy(channel_);
  }
}

int Channel::wait_once(const FdWaitOptions& options) {
  if (due_.passed()) {
    due_ = Deadline::never();
    const Uncancelled whole;
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return 0;
  }
  timeval left = {};
  const bool is_bounded = ares_timeout(channel_, nullptr, &left) != nullptr;
  Sockets sockets(channel_);
  if (sockets.process(channel_)) {
    return 0;
  }
  // c-ares counts in whole milliseconds, and is early by a part of one.
  due_ = is_bounded ? Deadline::after(std::chrono::seconds(left.tv_sec) +
                                      std::chrono::microseconds(left.tv_usec + 1000))
                    : Deadline::never();
  FdWaitOptions limited = options;
  limited.deadline = std::min(limited.deadline, due_);
  return sockets.wait(limited);
}

}  // namespace weft::net

#include "net/exchange.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/scheduler.h"
#include "runtime/sys.h"
#include "runtime/wait_fd.h"

namespace weft::net {

namespace sys = runtime::sys;
using runtime::Deadline;
using runtime::Direction;
using runtime::FdInterest;

namespace {

long to_libc(long result) {
  if (sys::failed(result)) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}

// Whether the reply is none: the server can't.
bool is_refusal(int rcode) {
  return rcode == ns_r_servfail || rcode == ns_r_notimpl || rcode == ns_r_refused;
}

// A server that knows nothing, and whom else to ask neither.
bool is_lame(const Message& message) {
  constexpr unsigned char kAuthoritative = 4;
  constexpr unsigned char kRecursionAvailable = 128;
  return message.size() >= 12 && rcode_of(message) == ns_r_noerror && answers_in(message) == 0 &&
         (message[2] & kAuthoritative) == 0 && (message[3] & kRecursionAvailable) == 0 &&
         message[10] == 0 && message[11] == 0;
}

// c-ares reads files, and those calls are cancellation points: it must not be unwound. libc's own
// resolver has none there.
class Uncancelled {
 public:
  Uncancelled() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~Uncancelled() { pthread_setcancelstate(before_, nullptr); }
  Uncancelled(const Uncancelled&) = delete;
  Uncancelled& operator=(const Uncancelled&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

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
  void wait(Deadline deadline) {
    constexpr std::chrono::milliseconds kBlindInterval(10);
    bool refused = false;
    // Whatever ends it, the caller looks.
    static_cast<void>(runtime::wait_for_any(interests_, interests_count_, deadline, &refused));
    if (refused) {  // epoll has no room for it: look again and again
      runtime::park_until(std::min(deadline, Deadline::after(kBlindInterval)));
    }
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

}  // namespace

// The hooks must not see these sockets: they would take them for the program's.
const ares_socket_functions Exchange::kCalls = {
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

ares_socket_t Exchange::open_socket(int family, int type, int protocol, void* exchange) {
  const auto fd = static_cast<int>(
      to_libc(sys::call(SYS_socket, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)));
  if (fd < 0) {
    // libc's resolver goes on to the next server only where this one's family does not exist.
    static_cast<Exchange*>(exchange)->local_error_ = errno == EAFNOSUPPORT ? 0 : errno;
    return ARES_SOCKET_BAD;
  }
  runtime::FdSlot* const slot = runtime::fd_slot(fd);
  if (slot == nullptr) {
    sys::call(SYS_close, fd);
    static_cast<Exchange*>(exchange)->local_error_ = errno = EMFILE;
    return ARES_SOCKET_BAD;
  }
  slot->reset();
  return fd;
}

int Exchange::close_socket(ares_socket_t fd, void* /*exchange*/) {
  runtime::FdSlot& slot = *runtime::fd_slot(fd);
  // A child that was forked meanwhile has it, too: epoll would go on reporting it.
  runtime::Scheduler::current()->hub().forget(fd, slot);
  slot.reset();
  return static_cast<int>(to_libc(sys::call(SYS_close, fd)));
}

// To where the resolver's state says: c-ares knows no scope of an address.
int Exchange::connect_socket(ares_socket_t fd, const sockaddr* /*address*/, socklen_t /*size*/,
                             void* exchange) {
  const Settings& settings = static_cast<Exchange*>(exchange)->settings_;
  return static_cast<int>(
      to_libc(sys::call(SYS_connect, fd, settings.server, settings.server_size)));
}

Exchange::Exchange(const Settings& settings) : settings_(settings) {
  const Uncancelled whole;
  if (!open()) {
    local_error_ = ENOMEM;
  }
}

// With nothing left to c-ares's own configuration: libc has read it already.
bool Exchange::open() {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options options = {};
  // NOCHECKRESP: what a refusal is, is for libc's rules to say.
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                  (settings_.tcp_only ? ARES_FLAG_USEVC : 0);
  options.timeout = static_cast<int>(settings_.timeout.count());
  options.tries = 1;
  options.ndots = 1;
  char lookups[] = "b";
  options.lookups = lookups;
  char no_file[] = "/dev/null";
  options.resolvconf_path = no_file;
  constexpr int kGiven = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                         ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_NOROTATE |
                         ARES_OPT_RESOLVCONF;
  if (library != ARES_SUCCESS || ares_init_options(&channel_, &options, kGiven) != ARES_SUCCESS) {
    return false;
  }
  ares_set_socket_functions(channel_, &kCalls, this);
  ares_addr_port_node node = {};
  node.family = settings_.server->sa_family;
  in_port_t port = 0;
  if (node.family == AF_INET6) {
    const auto* const address = reinterpret_cast<const sockaddr_in6*>(settings_.server);
    std::memcpy(&node.addr.addr6, &address->sin6_addr, sizeof address->sin6_addr);
    port = address->sin6_port;
  } else {
    const auto* const address = reinterpret_cast<const sockaddr_in*>(settings_.server);
    node.addr.addr4 = address->sin_addr;
    port = address->sin_port;
  }
  node.udp_port = node.tcp_port = ntohs(port);
  return ares_set_servers_ports(channel_, &node) == ARES_SUCCESS;
}

Exchange::~Exchange() {
  if (channel_ != nullptr) {
    ares_destroy(channel_);
  }
}

void Exchange::ask(const Message& query, Reply& reply) {
  if (local_error_ != 0) {
    return;
  }
  const Uncancelled whole;
  Question& question = questions_[asked_++];
  question = {this, &reply};
  ares_send(channel_, query.data(), static_cast<int>(query.size()), on_reply, &question);
}

void Exchange::on_reply(void* question, int status, int /*timeouts*/, unsigned char* bytes,
                        int size) {
  const auto [exchange, reply] = *static_cast<Question*>(question);
  reply->order = exchange->answered_++;
  if (status != ARES_SUCCESS) {
    const bool is_late = status == ARES_ETIMEOUT;
    reply->kind = is_late ? Reply::Kind::kNone : Reply::Kind::kUnreachable;
    exchange->is_unreachable_ = exchange->is_unreachable_ || !is_late;
    return;
  }
  reply->message.assign(bytes, bytes + size);
  reply->rcode = rcode_of(reply->message);
  // glibc takes whatever comes over TCP.
  const bool is_useless = is_refusal(reply->rcode) || is_lame(reply->message);
  reply->kind =
      is_useless && !exchange->settings_.tcp_only ? Reply::Kind::kRefusal : Reply::Kind::kMessage;
}

void Exchange::wait(ActOnCalls act) {
  act();
  while (answered_ < asked_) {
    if (is_unreachable_) {  // the kernel says so once, to one of the queries
      ares_cancel(channel_);
      continue;
    }
    timeval left = {};
    const bool is_bounded = ares_timeout(channel_, nullptr, &left) != nullptr;
    Sockets sockets(channel_);
    if (sockets.process(channel_)) {
      continue;
    }
    // c-ares counts in whole milliseconds, and is early by a part of one.
    const Deadline deadline = is_bounded
                                  ? Deadline::after(std::chrono::seconds(left.tv_sec) +
                                                    std::chrono::microseconds(left.tv_usec + 1000))
                                  : Deadline::never();
    sockets.wait(deadline);
    act();
    if (deadline.passed()) {
      const Uncancelled whole;
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
  }
}

}  // namespace weft::net

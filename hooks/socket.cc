// socket.cc: sockets, as a table.
#include <sys/epoll.h>

#include <cstring>

#include "hooks/attempt.h"
#include "hooks/connect.h"
#include "hooks/iov.h"
#include "hooks/real.h"
#include "hooks/wait.h"
#include "runtime/socket_kind.h"
#include "runtime/sys.h"

extern "C" [[noreturn]] void __chk_fail();

namespace weft::hooks {

using attempt::Target;

namespace {

Kind kind_of(int domain, int type, int protocol) {
  if (runtime::plain_type(type) != SOCK_STREAM) {
    return Kind::kDatagram;
  }
  return runtime::is_tcp(domain, type, protocol) ? Kind::kTcp : Kind::kStream;
}

std::uint32_t flags_of(int type) {
  return FdInfo::kPrivate | ((type & SOCK_NONBLOCK) != 0 ? FdInfo::kNonblocking : 0);
}

int new_socket(int domain, int type, int protocol) {
  return adopt(real::socket(domain, type, protocol), kind_of(domain, type, protocol),
               flags_of(type));
}

int new_pair(int domain, int type, int protocol, int* pair) {
  const int result = real::socketpair(domain, type, protocol, pair);
  for (int i = 0; result == 0 && i < 2; ++i) {
    adopt(pair[i], kind_of(domain, type, protocol), flags_of(type));
  }
  return result;
}

// A unix socket's poll(2) says nothing of this to who waits until it may write, and epoll neither.
int shut_down(int fd, int how) {
  const int result = real::shutdown(fd, how);
  runtime::FdSlot* const slot = runtime::fd_slot(fd);
  if (result == 0 && how != SHUT_RD && slot != nullptr && is_on(Group::kIo)) {
    slot->on_event(EPOLLOUT);
  }
  return result;
}

template <class Next>
int accept_one(int fd, sockaddr* address, socklen_t* size, int flags, Next next) {
  const auto accepted = static_cast<int>(once(
      readable(fd), 0, [=](Target& t) { return attempt::accept(t, address, size, flags); }, next));
  runtime::FdSlot* const slot = runtime::fd_slot(fd);
  if (accepted < 0 || slot == nullptr || !is_on(Group::kIo)) {
    return accepted;
  }
  // Linux passes on the listener's timeouts, but not its O_NONBLOCK.
  const FdInfo listener(slot->tag.load());
  const bool timeouts = listener.has(FdInfo::kTimeouts) || !listener.has(FdInfo::kPrivate);
  return adopt(accepted, listener.kind(), flags_of(flags) | (timeouts ? FdInfo::kTimeouts : 0));
}

int set_option(int fd, int level, int option, const void* value, socklen_t size) {
  const int result = real::setsockopt(fd, level, option, value, size);
  if (result != 0 || !is_on(Group::kIo)) {
    return result;
  }
  if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO)) {
    set_flag(fd, FdInfo::kTimeouts, true);
  }
  runtime::FdSlot* const slot = runtime::fd_slot(fd);
  if (runtime::shortens_reads(level, option) && slot != nullptr) {
    slot->forbid_shortcut();
  }
  return result;
}

bool waits_for_all(const Wait& wait, Kind kind, int flags) {
  return wait.is_cooperative() && (flags & MSG_WAITALL) != 0 && kind != Kind::kDatagram &&
         ((flags & MSG_PEEK) == 0 || kind == Kind::kTcp);
}

// MSG_PEEK consumes nothing, so the pieces can't be added up: peek until enough is there. TCP only:
// unix sockets have MSG_WAITALL wait for the first bytes when they peek.
template <class Peek>
ssize_t peek_all(Wait& wait, std::size_t asked, Peek peek) {
  for (;;) {
    wait.begin();
    const long result = peek(wait.target());
    const bool is_short = result > 0 && static_cast<std::size_t>(result) < asked;
    const bool ended = attempt::is_ready(wait.target().fd, POLLRDHUP);
    if (result != -EAGAIN && (!is_short || ended)) {
      return to_libc(result);
    }
    if (is_short) {
      wait.has_some();
    }
    if (const int error = wait.park()) {
      return is_short ? result : to_libc(-error);
    }
  }
}

// As whole(), for reading: ends early at the end of the stream.
ssize_t receive_all(int fd, void* p, std::size_t n, int flags, sockaddr* from,
                    socklen_t* from_size) {
  Wait wait = readable(fd, flags);
  auto* const bytes = static_cast<char*>(p);
  const int each = flags & ~MSG_WAITALL;
  if ((flags & MSG_PEEK) != 0) {
    return peek_all(
        wait, n, [=](Target& t) { return attempt::recvfrom(t, bytes, n, each, from, from_size); });
  }
  return whole(
      wait, n,
      [=](Target& t, std::size_t done) {
        return attempt::recvfrom(t, bytes + done, n - done, each, from, from_size);
      },
      [&] {
        return next_of(wait, SYS_recvfrom, real::recvfrom, fd, p, n, flags, from, from_size);
      });
}

ssize_t receive(int fd, void* p, std::size_t n, int flags, sockaddr* from, socklen_t* from_size) {
  Wait wait = readable(fd, flags);
  if (n > 0 && waits_for_all(wait, wait.target().info.kind(), flags)) {
    return receive_all(fd, p, n, flags, from, from_size);
  }
  return once(
      wait, n, [=](Target& t) { return attempt::recvfrom(t, p, n, flags, from, from_size); },
      [&] {
        return next_of(wait, SYS_recvfrom, real::recvfrom, fd, p, n, flags, from, from_size);
      });
}

ssize_t receive_checked(int fd, void* p, std::size_t n, std::size_t size, int flags, sockaddr* from,
                        socklen_t* from_size) {
  return n > size ? (__chk_fail(), -1) : receive(fd, p, n, flags, from, from_size);
}

// Descriptors that came with a message begin a life here.
void adopt_passed(msghdr* message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      adopt(fd);
    }
  }
}

// `wait` is one of readable(): how far a call for many messages has come.
ssize_t receive_message(Wait wait, int fd, msghdr* m, int flags) {
  const std::size_t length = m == nullptr ? 0 : length_of(m->msg_iov, m->msg_iovlen);
  ssize_t got = 0;
  if (length > 0 && (flags & MSG_PEEK) != 0 &&
      waits_for_all(wait, wait.target().info.kind(), flags)) {
    got = peek_all(wait, length,
                   [=](Target& t) { return attempt::recvmsg(t, m, flags & ~MSG_WAITALL); });
  } else if (length > 0 && (flags & MSG_PEEK) == 0 && m->msg_controllen == 0 &&
             waits_for_all(wait, wait.target().info.kind(), flags)) {
    got = whole(
        wait, length,
        [=](Target& t, std::size_t done) {
          const IovRest rest(m->msg_iov, m->msg_iovlen, done);
          msghdr part = *m;
          part.msg_iov = const_cast<iovec*>(rest.parts());
          part.msg_iovlen = rest.count();
          const long result = attempt::recvmsg(t, &part, flags & ~MSG_WAITALL);
          m->msg_flags = part.msg_flags;
          return result;
        },
        [&] { return next_of(wait, SYS_recvmsg, real::recvmsg, fd, m, flags); });
  } else {
    got = once(
        wait, length, [=](Target& t) { return attempt::recvmsg(t, m, flags); },
        [&] { return next_of(wait, SYS_recvmsg, real::recvmsg, fd, m, flags); });
  }
  if (got >= 0 && m != nullptr && m->msg_controllen > 0 && is_on(Group::kIo)) {
    adopt_passed(m);
  }
  return got;
}

ssize_t send_all(int fd, const void* p, std::size_t n, int flags, const sockaddr* to,
                 socklen_t to_size) {
  const auto* bytes = static_cast<const char*>(p);
  Wait wait = writable(fd, flags);
  return whole(
      wait, n,
      [=](Target& t, std::size_t done) {
        return attempt::sendto(t, bytes + done, n - done, flags, to, to_size);
      },
      [&] { return next_of(wait, SYS_sendto, real::sendto, fd, p, n, flags, to, to_size); });
}

ssize_t send_message(Wait wait, int fd, const msghdr* m, int flags) {
  const std::size_t length = m == nullptr ? 0 : length_of(m->msg_iov, m->msg_iovlen);
  return whole(
      wait, length,
      [=](Target& t, std::size_t done) {
        if (done == 0) {
          return attempt::sendmsg(t, m, flags);
        }
        const IovRest rest(m->msg_iov, m->msg_iovlen, done);
        msghdr part = *m;
        part.msg_iov = const_cast<iovec*>(rest.parts());
        part.msg_iovlen = rest.count();
        part.msg_control = nullptr;  // went with the first bytes
        part.msg_controllen = 0;
        return attempt::sendmsg(t, &part, flags);
      },
      [&] { return next_of(wait, SYS_sendmsg, real::sendmsg, fd, m, flags); });
}

// recvmmsg(2): blocks until all messages are there; the timeout is looked at only after one has
// come.
int receive_messages(int fd, mmsghdr* v, unsigned n, int flags, timespec* timeout) {
  if (!readable(fd, flags).is_cooperative()) {
    return real::recvmmsg(fd, v, n, flags, timeout);
  }
  const Deadline deadline =
      timeout == nullptr ? Deadline::never()
                         : Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*timeout)));
  unsigned done = 0;
  while (done < n && (done == 0 || !deadline.passed())) {
    const int each = flags & ~MSG_WAITFORONE;
    const bool may_wait = done == 0 || (flags & MSG_WAITFORONE) == 0;
    const int now = may_wait ? each : each | MSG_DONTWAIT;
    Wait wait = readable(fd, now);
    if (done > 0) {
      wait.has_some();
    }
    const ssize_t got = receive_message(wait, fd, &v[done].msg_hdr, now);
    if (got < 0) {
      break;
    }
    v[done++].msg_len = static_cast<unsigned>(got);
  }
  return done > 0 || n == 0 ? static_cast<int>(done) : -1;
}

int send_messages(int fd, mmsghdr* v, unsigned n, int flags) {
  if (!writable(fd, flags).is_cooperative()) {
    return real::sendmmsg(fd, v, n, flags);
  }
  unsigned done = 0;
  while (done < n) {
    Wait wait = writable(fd, flags);
    if (done > 0) {
      wait.has_some();
    }
    const ssize_t sent = send_message(wait, fd, &v[done].msg_hdr, flags);
    if (sent < 0) {
      break;
    }
    v[done++].msg_len = static_cast<unsigned>(sent);
  }
  return done > 0 || n == 0 ? static_cast<int>(done) : -1;
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                how
int     socket     (int domain, int type, int protocol)                            { return new_socket(domain, type, protocol); }
int     socketpair (int domain, int type, int protocol, int* pair)                 { return new_pair  (domain, type, protocol, pair); }
int     accept     (int fd, sockaddr* a, socklen_t* n)                             { return accept_one(fd, a, n, 0, [=] { return real::accept(fd, a, n); }); }
int     accept4    (int fd, sockaddr* a, socklen_t* n, int flags)                  { return accept_one(fd, a, n, flags, [=] { return real::accept4(fd, a, n, flags); }); }
int     connect    (int fd, const sockaddr* a, socklen_t n)                        { return connect_to(fd, a, n); }
int     __connect  (int fd, const sockaddr* a, socklen_t n)                        { return connect_to(fd, a, n); }
int     setsockopt (int fd, int level, int option, const void* v, socklen_t n)     { return set_option(fd, level, option, v, n); }
int     shutdown   (int fd, int how)                                               { return shut_down(fd, how); }
ssize_t recv       (int fd, void* p, size_t n, int f)                              { return receive(fd, p, n, f, nullptr, nullptr); }
ssize_t __recv_chk (int fd, void* p, size_t n, size_t size, int f)                 { return receive_checked(fd, p, n, size, f, nullptr, nullptr); }
ssize_t recvfrom   (int fd, void* p, size_t n, int f, sockaddr* a, socklen_t* an)  { return receive(fd, p, n, f, a, an); }
ssize_t __recvfrom_chk(int fd, void* p, size_t n, size_t size, int f, sockaddr* a, socklen_t* an) { return receive_checked(fd, p, n, size, f, a, an); }
ssize_t recvmsg    (int fd, msghdr* m, int f)                                      { return receive_message(readable(fd, f), fd, m, f); }
int     recvmmsg   (int fd, mmsghdr* v, unsigned n, int f, timespec* timeout)      { return receive_messages(fd, v, n, f, timeout); }
ssize_t send       (int fd, const void* p, size_t n, int f)                        { return send_all(fd, p, n, f, nullptr, 0); }
ssize_t __send     (int fd, const void* p, size_t n, int f)                        { return send_all(fd, p, n, f, nullptr, 0); }
ssize_t sendto     (int fd, const void* p, size_t n, int f, const sockaddr* a, socklen_t an) { return send_all(fd, p, n, f, a, an); }
ssize_t sendmsg    (int fd, const msghdr* m, int f)                                { return send_message(writable(fd, f), fd, m, f); }
int     sendmmsg   (int fd, mmsghdr* v, unsigned n, int f)                         { return send_messages(fd, v, n, f); }
}
// clang-format on

}  // namespace weft::hooks

#include <sys/socket.h>
#include <sys/uio.h>
#include <weft/net/detail/byte_buffer.h>
#include <weft/net/stream_socket.h>

#include <algorithm>

#include "net/socket_call.h"
#include "runtime/file_io.h"

namespace weft::net {
namespace {

constexpr int kSend = MSG_NOSIGNAL;

std::size_t receive(SocketCall& call, MutableBytes room, int flags, std::size_t asked) {
  if (room.size() == 0) {
    return 0;
  }
  const runtime::Transfer wanted = {
      .direction = Direction::kRead, .bytes = room.data(), .size = room.size(), .flags = flags};
  return static_cast<std::size_t>(call.transfer(wanted, asked));
}

std::size_t receive(SocketCall& call, MutableBytes room) {
  return receive(call, room, 0, room.size());
}

// False if the end comes first.
bool take_all(SocketCall& call, MutableBytes room) {
  const std::size_t asked = room.size();
  while (room.size() > 0) {
    const std::size_t got = receive(call, room);
    if (got == 0 && room.size() == asked) {
      return false;
    }
    if (got == 0) {
      call.throw_error(ENODATA);
    }
    room = room.behind(got);
  }
  return true;
}

std::size_t send(SocketCall& call, Bytes bytes) {
  if (bytes.size() == 0) {
    return 0;
  }
  const runtime::Transfer wanted = {.direction = Direction::kWrite,
                                    .bytes = const_cast<void*>(bytes.data()),
                                    .size = bytes.size(),
                                    .flags = kSend};
  return static_cast<std::size_t>(call.transfer(wanted, 0));
}

// Sends them all; changes them.
void send_vectors(SocketCall& call, iovec* vectors, std::size_t count) {
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  while (message.msg_iovlen > 0) {
    if (message.msg_iov->iov_len == 0) {
      ++message.msg_iov;
      --message.msg_iovlen;
      continue;
    }
    auto sent = static_cast<std::size_t>(call.run(Direction::kWrite, 0, [&](int fd) {
      return sys::call(SYS_sendmsg, fd, &message, kSend | MSG_DONTWAIT);
    }));
    while (sent > 0) {
      iovec& first = *message.msg_iov;
      const std::size_t part = std::min(sent, first.iov_len);
      first = {static_cast<char*>(first.iov_base) + part, first.iov_len - part};
      sent -= part;
      if (first.iov_len == 0) {
        ++message.msg_iov;
        --message.msg_iovlen;
      }
    }
  }
}

}  // namespace

std::size_t StreamSocket::read_some(MutableBytes room) {
  SocketCall call(*this, "weft::net::read_some");
  return receive(call, room);
}

std::size_t StreamSocket::peek(MutableBytes room) {
  SocketCall call(*this, "weft::net::peek");
  return receive(call, room, MSG_PEEK, 0);
}

bool StreamSocket::read_exact(MutableBytes room) {
  SocketCall call(*this, "weft::net::read_exact");
  return take_all(call, room);
}

std::optional<std::string> StreamSocket::read_until(std::string_view delimiter, std::size_t limit) {
  return read_delimited(delimiter, limit, false);
}

std::optional<std::string> StreamSocket::read_line(std::size_t limit) {
  std::optional<std::string> line = read_delimited("\n", limit, true);
  if (line) {
    weft::detail::drop_line_end(*line);
  }
  return line;
}

// Takes out only what belongs to it, so that the next call finds the rest.
std::optional<std::string> StreamSocket::read_delimited(std::string_view delimiter,
                                                        std::size_t limit, bool may_lack) {
  SocketCall call(*this, "weft::net::read_until");
  std::string found;
  weft::detail::Search search(delimiter, limit);
  char piece[2048];  // NOLINT: filled by the kernel
  for (bool is_whole = false; !is_whole;) {
    const std::size_t seen = receive(call, piece, MSG_PEEK, 0);
    if (seen == 0) {
      if (!found.empty() && !may_lack) {
        call.throw_error(ENODATA);
      }
      return found.empty() ? std::nullopt : std::optional(std::move(found));
    }
    const std::size_t before = found.size();
    found.append(piece, seen);
    is_whole = search.finds(found);
    found.resize(is_whole ? search.end() : found.size());
    const std::size_t count = found.size() - before;
    if (!take_all(call, {piece, count})) {
      call.throw_error(ENODATA);  // another reader has taken it
    }
  }
  return found;
}

std::size_t StreamSocket::write_some(Bytes bytes) {
  SocketCall call(*this, "weft::net::write_some");
  return send(call, bytes);
}

void StreamSocket::write_all(Bytes bytes) {
  SocketCall call(*this, "weft::net::write_all");
  while (bytes.size() > 0) {
    bytes = bytes.behind(send(call, bytes));
  }
}

void StreamSocket::write_gather(std::span<const Bytes> pieces) {
  SocketCall call(*this, "weft::net::write_gather");
  constexpr std::size_t kMost = 64;
  iovec vectors[kMost];  // NOLINT: filled below
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), kMost);
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<void*>(pieces[i].data()), pieces[i].size()};
    }
    send_vectors(call, vectors, count);
    pieces = pieces.subspan(count);
  }
}

std::uint64_t StreamSocket::sendfile(int file, std::uint64_t offset, std::uint64_t count) {
  SocketCall call(*this, "weft::net::sendfile");
  std::uint64_t sent = 0;
  while (sent < count) {
    auto from = static_cast<off_t>(offset + sent);
    const long got = call.run(Direction::kWrite, 0, [&](int fd) {
      return weft::detail::without_sigpipe(  // it takes no MSG_NOSIGNAL
          [&] { return sys::call(SYS_sendfile, fd, file, &from, count - sent); });
    });
    if (got == 0) {
      break;
    }
    sent += static_cast<std::uint64_t>(got);
  }
  return sent;
}

}  // namespace weft::net

// weft/net/stream_socket.h: a connected socket through which bytes flow, of whatever family.
//
// Layer:  net, public.      See also: weft/net/tcp.h, unix_socket.h, buffered_stream.h.
#pragma once
#include <weft/net/bytes.h>
#include <weft/net/socket.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weft::net {

/// Reads and writes of a connection. A Stream.
///
/// Units:    sizes in bytes.
/// Errors:   as Socket; ECONNRESET and EPIPE when the peer has gone.
/// Threads:  as Socket. Of several writers the bytes of one call may come between those of another,
///           if they do not go at once.
/// Promise:  no call allocates, but for the text that it returns.
/// Source:   gevent.socket.socket; asyncio's streams.
///
///     while (std::size_t got = stream.read_some(buffer)) stream.write_all({buffer, got});
class StreamSocket : public Socket {
 public:
  /// What read_until() and read_line() read at most, if not told otherwise.
  static constexpr std::size_t kLineLimit = std::size_t{64} * 1024;

  /// Not open.
  StreamSocket() = default;
  /// Takes over any socket, as of Socket::from_fd().
  explicit StreamSocket(Socket&& socket) : Socket(std::move(socket)) {}

  /// Waits for some bytes; returns how many came, 0 at the end. socket.recv_into().
  [[nodiscard]] std::size_t read_some(MutableBytes room);
  /// As read_some(), and leaves them where they are.
  [[nodiscard]] std::size_t peek(MutableBytes room);
  /// Reads until all of the room is filled. False if the end came before the first byte; ENODATA if
  /// it came later. asyncio's readexactly().
  [[nodiscard]] bool read_exact(MutableBytes room);
  /// Reads until the delimiter and returns all, with it. Nothing if the end came before the first
  /// byte; ENODATA if it came later, EMSGSIZE if the limit did. What is behind it stays. Whatever
  /// it throws, also what calls off the wait: what it had read of the text by then is lost, if not
  /// all of it, so that the next call begins somewhere in the middle. Looks twice at each byte: a
  /// BufferedStream is faster, and loses nothing.
  [[nodiscard]] std::optional<std::string> read_until(std::string_view delimiter,
                                                      std::size_t limit = kLineLimit);
  /// Reads a line, and returns it without its "\n" or "\r\n". Nothing at the end; the last line may
  /// lack its own. As read_until() otherwise.
  [[nodiscard]] std::optional<std::string> read_line(std::size_t limit = kLineLimit);

  /// Waits until some of the bytes are taken, and returns how many. socket.send().
  std::size_t write_some(Bytes bytes);
  /// Waits until all are taken. socket.sendall().
  void write_all(Bytes bytes);
  /// The same of all pieces, one behind the other, without copying them together. writev(2).
  ///
  ///     stream.write_gather({header, body});
  void write_gather(std::span<const Bytes> pieces);
  /// The same.
  void write_gather(std::initializer_list<Bytes> pieces) {
    write_gather(std::span(pieces.begin(), pieces.size()));
  }
  /// Sends `count` bytes of a file from `offset` on, or what there is, and returns how many. The
  /// bytes go from the kernel to the kernel; a slow disk holds the thread. socket.sendfile().
  std::uint64_t sendfile(int file, std::uint64_t offset, std::uint64_t count);

 protected:
  /// Takes over what accept(2) or socketpair(2) has made.
  explicit StreamSocket(const New& created) : Socket(created) {}

 private:
  friend class StreamListener;
  std::optional<std::string> read_delimited(std::string_view delimiter, std::size_t limit,
                                            bool may_lack);
};

}  // namespace weft::net

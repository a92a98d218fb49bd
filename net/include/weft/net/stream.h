// weft/net/stream.h: what a stream of bytes is, and calls that work with any.
//
// Layer:  net, public.      See also: weft/net/buffered_stream.h, stream_socket.h.
#pragma once
#include <weft/net/bytes.h>

#include <concepts>
#include <cstddef>

namespace weft::detail {

/// Throws std::system_error(ENODATA): the stream has ended in the middle.
[[noreturn]] void throw_ended(const char* call);

}  // namespace weft::detail

namespace weft::net {

/// TcpStream, UnixStream, BufferedStream, a stream of TLS: read_some() waits for some bytes and
/// returns how many, 0 at the end; write_some() waits until some of them are taken, and returns how
/// many.
template <class S>
concept Stream = requires(S& stream, MutableBytes room, Bytes bytes) {
  { stream.read_some(room) } -> std::convertible_to<std::size_t>;
  { stream.write_some(bytes) } -> std::convertible_to<std::size_t>;
};

/// Writes all of the bytes, in as many pieces as it takes.
///
/// Errors:   as the stream's; then some of them may have been written.
/// Source:   socket.sendall().
///
///     weft::net::write_all(tls, "hello\n");
template <Stream S>
void write_all(S& stream, Bytes bytes) {
  while (bytes.size() > 0) {
    bytes = bytes.behind(stream.write_some(bytes));
  }
}

/// Reads until all of the room is filled. False if the stream ended before the first byte.
///
/// Errors:   as the stream's; std::system_error(ENODATA) if it ends in the middle.
/// Source:   asyncio.StreamReader.readexactly().
///
///     while (weft::net::read_exact(tls, header)) handle(header);
template <Stream S>
bool read_exact(S& stream, MutableBytes room) {
  const std::size_t asked = room.size();
  while (room.size() > 0) {
    const std::size_t got = stream.read_some(room);
    if (got == 0) {
      if (room.size() == asked) {
        return false;
      }
      weft::detail::throw_ended("weft::net::read_exact");
    }
    room = room.behind(got);
  }
  return true;
}

}  // namespace weft::net

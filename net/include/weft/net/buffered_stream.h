// weft/net/buffered_stream.h: fewer and larger reads and writes of any stream.
//
// Layer:  net, public.      See also: weft/net/stream.h.
#pragma once
#include <weft/net/detail/byte_buffer.h>
#include <weft/net/stream.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weft::net {

/// A stream around another, with a buffer for each direction. Itself a Stream.
///
/// Units:    sizes in bytes.
/// Errors:   as the stream's, and as said at the calls. What could not be written stays, and the
///           next write or flush() tries again.
/// Threads:  one reader at a time and one writer, as long as nobody reads with something written
///           but not flushed.
/// Promise:  what was written goes out when the buffer is full, by flush(), and before a read has
///           to ask the stream; not by the destructor, which can't wait. A line that could not be
///           read to its end, for whatever reason, is still there. Allocates at first only, but for
///           the text that it returns and lines that are longer than the buffer.
/// Source:   socket.makefile(); asyncio.StreamReader, StreamWriter.
///
///     weft::net::BufferedStream stream(weft::net::connect("example.org", 80));
///     while (auto line = stream.read_line()) handle(*line);
template <Stream S>
class BufferedStream {
 public:
  /// What read_until() and read_line() read at most, if not told otherwise.
  static constexpr std::size_t kLineLimit = std::size_t{64} * 1024;

  /// Around a stream that it keeps; with S = T& around one that it refers to. Each buffer has room
  /// for one byte at least.
  explicit BufferedStream(S stream, std::size_t buffer_bytes = 8192)
      : stream_(std::forward<S>(stream)), in_(buffer_bytes), out_(buffer_bytes) {}

  /// The stream inside. What has been read ahead is not in it any more.
  [[nodiscard]] std::remove_reference_t<S>& stream() { return stream_; }
  /// Bytes that have been read ahead.
  [[nodiscard]] std::size_t buffered() const { return in_.size(); }

  /// Waits for some bytes; returns how many came, 0 at the end.
  [[nodiscard]] std::size_t read_some(MutableBytes room) {
    if (in_.size() == 0) {
      if (room.size() >= in_.capacity()) {
        flush();
        return stream_.read_some(room);
      }
      fill();
    }
    return in_.take(room);
  }
  /// Reads until all of the room is filled. False if the end came before the first byte; ENODATA if
  /// it came later.
  [[nodiscard]] bool read_exact(MutableBytes room) { return net::read_exact(*this, room); }
  /// Reads until the delimiter and returns all, with it. Nothing if the end came before the first
  /// byte; ENODATA if it came later, EMSGSIZE if the limit did.
  [[nodiscard]] std::optional<std::string> read_until(std::string_view delimiter,
                                                      std::size_t limit = kLineLimit) {
    const std::size_t size = find(delimiter, limit);
    if (size == 0 && in_.size() > 0) {
      weft::detail::throw_ended("weft::net::read_until");
    }
    return size == 0 ? std::nullopt : std::optional(taken(size));
  }
  /// Reads a line, and returns it without its "\n" or "\r\n". Nothing at the end; the last line may
  /// lack its own.
  [[nodiscard]] std::optional<std::string> read_line(std::size_t limit = kLineLimit) {
    std::string line;
    return read_line(line, limit) ? std::optional(std::move(line)) : std::nullopt;
  }
  /// The same into the caller's string, whose memory it uses again. False at the end.
  [[nodiscard]] bool read_line(std::string& line, std::size_t limit = kLineLimit) {
    const std::size_t size = find("\n", limit);
    const std::size_t all = size > 0 ? size : in_.size();
    line.assign(in_.text().substr(0, all));
    in_.drop(all);
    weft::detail::drop_line_end(line);
    return all > 0;
  }

  /// Puts all of the bytes into the buffer, or as many as fit; returns how many.
  std::size_t write_some(Bytes bytes) {
    if (bytes.size() >= out_.capacity()) {
      flush();
      return stream_.write_some(bytes);
    }
    if (out_.size() + bytes.size() > out_.capacity()) {
      flush();
    }
    return out_.put(bytes);
  }
  /// Writes all of the bytes: those that fit go into the buffer.
  void write_all(Bytes bytes) { net::write_all(*this, bytes); }
  /// Writes what is in the buffer.
  void flush() {
    while (out_.size() > 0) {
      out_.drop(stream_.write_some(out_.text()));
    }
  }

 private:
  // False at the end.
  bool fill() {
    flush();
    const std::size_t got = stream_.read_some(in_.room());
    in_.filled(got);
    return got > 0;
  }
  // How long the text with the delimiter is; 0 if the end came first. Takes out nothing, so that a
  // call that is called off loses nothing.
  std::size_t find(std::string_view delimiter, std::size_t limit) {
    weft::detail::Search search(delimiter, limit);
    while (!search.finds(in_.text())) {
      in_.make_room();
      if (!fill()) {
        return 0;
      }
    }
    return search.end();
  }
  std::string taken(std::size_t size) {
    std::string text(in_.text().substr(0, size));
    in_.drop(size);
    return text;
  }

  S stream_;
  weft::detail::ByteBuffer in_;
  weft::detail::ByteBuffer out_;
};

/// Keeps what it is given.
template <class S>
BufferedStream(S) -> BufferedStream<S>;
/// The same.
template <class S>
BufferedStream(S, std::size_t) -> BufferedStream<S>;

}  // namespace weft::net

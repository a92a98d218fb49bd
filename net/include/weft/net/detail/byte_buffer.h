// weft/net/detail/byte_buffer.h: what BufferedStream is made of. No part of the API.
//
// Layer:  net, public headers only.
#pragma once
#include <weft/net/bytes.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weft::detail {

/// Bytes on their way: put in at one end, taken out at the other.
class ByteBuffer {
 public:
  /// For so many at first, and for one at least.
  explicit ByteBuffer(std::size_t capacity)
      : capacity_(std::max<std::size_t>(capacity, 1)),
        memory_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] std::string_view text() const { return {memory_.get() + begin_, size()}; }
  /// Takes out the first `count`.
  void drop(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }
  /// If it is full, doubles it.
  void make_room();
  /// Where more can be put, once what is held has been moved to the front.
  net::MutableBytes room();
  /// So many have been put there.
  void filled(std::size_t count) { end_ += count; }
  /// Moves out as many as there are, and fit. Returns how many.
  std::size_t take(net::MutableBytes to);
  /// Puts in as many as fit. Returns how many.
  std::size_t put(net::Bytes bytes);

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Looks for a delimiter in a text that grows at its end.
class Search {
 public:
  /// Throws EINVAL for an empty delimiter.
  Search(std::string_view delimiter, std::size_t limit);

  /// Whether it is there; looks at what is new only. Throws EMSGSIZE when it can't end within the
  /// limit any more.
  bool finds(std::string_view text);
  /// Where it ends, once it was found.
  [[nodiscard]] std::size_t end() const { return end_; }

 private:
  std::string_view delimiter_;
  std::size_t limit_;
  std::size_t end_ = 0;
  std::size_t from_ = 0;
};

/// Takes the line end off, if there is one.
void drop_line_end(std::string& line);

}  // namespace weft::detail

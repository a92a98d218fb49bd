#include <weft/net/detail/byte_buffer.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/api_error.h"

namespace weft::detail {

void ByteBuffer::make_room() {
  if (size() < capacity_) {
    return;
  }
  auto larger = std::make_unique_for_overwrite<char[]>(2 * capacity_);
  std::memcpy(larger.get(), memory_.get(), capacity_);
  memory_ = std::move(larger);
  capacity_ *= 2;
}

net::MutableBytes ByteBuffer::room() {
  if (begin_ > 0) {
    std::memmove(memory_.get(), memory_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  return {memory_.get() + end_, capacity_ - end_};
}

std::size_t ByteBuffer::take(net::MutableBytes to) {
  const std::size_t count = std::min(size(), to.size());
  if (count > 0) {
    std::memcpy(to.data(), memory_.get() + begin_, count);
    drop(count);
  }
  return count;
}

std::size_t ByteBuffer::put(net::Bytes bytes) {
  const net::MutableBytes free = room();
  const std::size_t count = std::min(free.size(), bytes.size());
  if (count > 0) {
    std::memcpy(free.data(), bytes.data(), count);
    filled(count);
  }
  return count;
}

Search::Search(std::string_view delimiter, std::size_t limit)
    : delimiter_(delimiter), limit_(limit) {
  if (delimiter.empty()) {
    throw_errno(EINVAL, "weft::net::read_until: an empty delimiter");
  }
}

bool Search::finds(std::string_view text) {
  const std::size_t at = text.find(delimiter_, from_);
  end_ = at == std::string_view::npos ? text.size() + 1 : at + delimiter_.size();
  if (end_ > limit_) {
    throw_errno(EMSGSIZE, "weft::net::read_until: beyond its limit");
  }
  from_ = text.size() - std::min(text.size(), delimiter_.size() - 1);
  return at != std::string_view::npos;
}

void drop_line_end(std::string& line) {
  if (line.ends_with('\n')) {
    line.pop_back();
    if (line.ends_with('\r')) {
      line.pop_back();
    }
  }
}

}  // namespace weft::detail

// weft/net/bytes.h: what calls of sockets take and fill: bytes in a row.
//
// Layer:  net, public.
#pragma once
#include <concepts>
#include <cstddef>
#include <ranges>
#include <string_view>
#include <type_traits>

namespace weft::net {

/// std::vector<char>, std::array<std::byte, 8>, std::span<unsigned char> and the like.
template <class R>
concept ByteRange = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                        sizeof(std::ranges::range_value_t<R>) == 1 &&
                    std::is_trivially_copyable_v<std::ranges::range_value_t<R>>;

/// The same, not constant.
template <class R>
concept MutableByteRange =
    ByteRange<R> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;

/// Bytes to be written. Owns nothing.
///
/// Promise:  text is as long as std::string_view says, so an array of char ends at its first zero
///           byte; for all of a buffer say {buffer, size}.
/// Source:   bytes-like objects.
///
///     stream.write_all("hello\n");
class Bytes {
 public:
  /// None.
  constexpr Bytes() = default;
  /// `size` bytes at `data`.
  constexpr Bytes(const void* data, std::size_t size) : data_(data), size_(size) {}
  /// Text.
  template <class T>
  requires std::convertible_to<const T&, std::string_view>
  // NOLINTNEXTLINE(google-explicit-constructor): what it is for
  constexpr Bytes(const T& text)
      : Bytes(std::string_view(text).data(), std::string_view(text).size()) {}
  /// What a container holds.
  template <ByteRange R>
  requires(!std::convertible_to<const R&, std::string_view>)
      // NOLINTNEXTLINE(google-explicit-constructor): what it is for
      constexpr Bytes(const R& range)
      : Bytes(std::ranges::data(range), std::ranges::size(range)) {}

  /// The first.
  [[nodiscard]] constexpr const void* data() const { return data_; }
  /// How many.
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  /// All behind the first `count`.
  [[nodiscard]] Bytes behind(std::size_t count) const {
    return {static_cast<const char*>(data_) + count, size_ - count};
  }

 private:
  const void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Room for bytes that are read. Owns nothing.
///
/// Source:   writable bytes-like objects.
///
///     char buffer[4096];
///     std::size_t got = stream.read_some(buffer);
class MutableBytes {
 public:
  /// None.
  constexpr MutableBytes() = default;
  /// `size` bytes at `data`.
  constexpr MutableBytes(void* data, std::size_t size) : data_(data), size_(size) {}
  /// All that an array or a container holds.
  template <MutableByteRange R>
  // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload): no copy
  constexpr MutableBytes(R&& range)
      : MutableBytes(std::ranges::data(range), std::ranges::size(range)) {}

  /// The first.
  [[nodiscard]] constexpr void* data() const { return data_; }
  /// How many.
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  /// All behind the first `count`.
  [[nodiscard]] MutableBytes behind(std::size_t count) const {
    return {static_cast<char*>(data_) + count, size_ - count};
  }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weft::net

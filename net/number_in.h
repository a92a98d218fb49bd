// number_in.h: a number of which a whole text consists.
//
// Layer:  net.
#pragma once
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace weft::net {

/// Nothing if the text is another, or a Number can't hold it.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace weft::net

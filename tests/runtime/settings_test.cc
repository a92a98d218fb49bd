#include "runtime/settings.h"

#include <gtest/gtest.h>

namespace weft::runtime {
namespace {

TEST(Settings, SizesHaveAnOptionalUnit) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64K"), 65536U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("8M"), std::size_t{8} << 20);
  EXPECT_EQ(parse_size("1G"), std::size_t{1} << 30);
}

TEST(Settings, WhatIsNoSizeIsZero) {
  for (const char* text : {"", "0", "K", "12Q", "12KB", "-1", " 8", "8 ", "1.5M",
                           "99999999999999999999", "9999999999999G"}) {
    EXPECT_EQ(parse_size(text), 0U) << "'" << text << "'";
  }
}

}  // namespace
}  // namespace weft::runtime

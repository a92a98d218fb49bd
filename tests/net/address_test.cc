#include <gtest/gtest.h>
#include <sys/un.h>
#include <weft/net/address.h>

#include <cstddef>
#include <string>
#include <system_error>
#include <unordered_set>

#include "tests/support/error_of.h"

namespace weft::net {
namespace {

TEST(Address, TextComesBackFromWhatIsParsed) {
  for (const char* text : {"127.0.0.1:80", "[::1]:443", "0.0.0.0:0", "[2001:db8::5]:65535",
                           "unix:/run/some.socket", "unix:@abstract", "unix:"}) {
    EXPECT_EQ(Address::parse(text).to_string(), text);
  }
  EXPECT_EQ(Address().to_string(), "-");
}

TEST(Address, WhatIsNoneThrowsEinval) {
  const std::string long_path = "unix:/" + std::string(200, 'x');
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8x", "127.0.0.1:-1",
        "localhost:80", "::1:80", "[127.0.0.1]:80", "256.0.0.1:1", long_path.c_str()}) {
    EXPECT_EQ(test::error_of([text] { Address::parse(text); }), EINVAL) << text;
  }
}

TEST(Address, FamiliesAreTold) {
  EXPECT_EQ(Address::ip("127.0.0.1", 1).family(), AF_INET);
  EXPECT_EQ(Address::ip("::1", 1).family(), AF_INET6);
  EXPECT_EQ(Address::loopback(1, AF_INET6), Address::ip("::1", 1));
  EXPECT_EQ(Address::any(7), Address::ip4("0.0.0.0", 7));
  EXPECT_EQ(Address::unix_path("/x").family(), AF_UNIX);
  EXPECT_THROW(Address::ip4("::1", 1), std::system_error);
  EXPECT_THROW(Address::ip6("127.0.0.1", 1), std::system_error);
}

TEST(Address, PortsAreInHostByteOrder) {
  const Address address = Address::ip("10.0.0.1", 8080);
  EXPECT_EQ(address.port(), 8080);
  EXPECT_EQ(address.with_port(80).to_string(), "10.0.0.1:80");
  EXPECT_EQ(Address::unix_path("/x").with_port(80), Address::unix_path("/x"));
}

TEST(Address, ScopesAreKept) {
  const Address address = Address::ip("fe80::1%lo", 22);
  EXPECT_EQ(address.host(), "fe80::1%lo");
  EXPECT_EQ(Address::parse(address.to_string()), address);
}

TEST(Address, AbstractNamesAreAsLongAsTheyAre) {
  const Address address = Address::unix_abstract("abc");
  EXPECT_EQ(address.size(), offsetof(sockaddr_un, sun_path) + 4);
  EXPECT_EQ(address.host(), std::string("\0abc", 4));
}

TEST(Address, EqualOnesHaveEqualHashes) {
  const std::unordered_set<Address> set = {Address::loopback(1), Address::loopback(1),
                                           Address::loopback(2)};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace weft::net

// The line of nsswitch.conf that libc is told, read as libc reads it.
#include "net/hosts_line.h"

#include <gtest/gtest.h>

namespace weft::net {
namespace {

TEST(HostsLine, LastOneCounts) {
  EXPECT_EQ(hosts_line_in("passwd: files\nhosts: files\nhosts: dns\n"), "dns");
}

TEST(HostsLine, SpacesAreLibcs) {
  EXPECT_EQ(hosts_line_in("\t hosts : files dns"), "files dns");
  EXPECT_EQ(hosts_line_in("hosts:files dns"), "files dns");
}

TEST(HostsLine, CommentsAndOtherDatabasesAreNot) {
  EXPECT_EQ(hosts_line_in("#hosts: dns\nhostsx: dns\nnetworks: dns\n"), "files dns");
}

TEST(HostsLine, DefaultIsLibcs) { EXPECT_EQ(hosts_line_in(""), "files dns"); }

TEST(OwnService, StandsForDns) {
  EXPECT_EQ(with_own_service("files dns"), "files weft ");
  EXPECT_EQ(with_own_service("dns"), "weft ");
}

TEST(OwnService, ConditionsStay) {
  EXPECT_EQ(with_own_service("files [NOTFOUND=return] dns [!UNAVAIL=return] files"),
            "files [NOTFOUND=return] weft [!UNAVAIL=return] files ");
  EXPECT_EQ(with_own_service("dns[NOTFOUND=return]files"), "weft [NOTFOUND=return] files ");
}

TEST(OwnService, NotBesideOthers) {
  EXPECT_EQ(with_own_service("files mdns4_minimal [NOTFOUND=return] dns"), "");
  EXPECT_EQ(with_own_service("files dns myhostname"), "");
  EXPECT_EQ(with_own_service("files dns # and a comment"), "");
}

}  // namespace
}  // namespace weft::net

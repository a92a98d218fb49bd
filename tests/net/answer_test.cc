// Replies that are broken, and buffers that are too small.
#include "net/answer.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace weft::net {
namespace {

// An answer with one address for "a.b", whose name points back to the question's.
Message reply() {
  return {0,    1,   0x81, 0x80, 0, 1, 0, 1, 0, 0,  0, 0,                // header
          1,    'a', 1,    'b',  0, 0, 1, 0, 1,                          // question
          0xc0, 12,  0,    1,    0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 0, 7};  // answer
}

class Answer : public ::testing::Test {
 protected:
  nss_status host(const Message& message, std::size_t size = 256) {
    Space space(buffer_, size);
    return host_from(message, ns_t_a, space, host_, report_);
  }
  nss_status addresses(const Message& first, const Message& second, std::size_t size = 256) {
    Space space(buffer_, size);
    list_ = nullptr;
    return addresses_from(first, second, space, &list_, report_);
  }
  alignas(16) char buffer_[256] = {};
  hostent host_ = {};
  gaih_addrtuple* list_ = nullptr;
  int error_ = 0;
  int h_error_ = 0;
  Report report_{&error_, &h_error_, nullptr};
};

TEST_F(Answer, HoldsNameAndAddress) {
  ASSERT_EQ(host(reply()), NSS_STATUS_SUCCESS);
  EXPECT_STREQ(host_.h_name, "a.b");
  ASSERT_NE(host_.h_addr_list[0], nullptr);
  EXPECT_EQ(host_.h_addr_list[0][3], 7);
  EXPECT_EQ(host_.h_addr_list[1], nullptr);
  EXPECT_EQ(host_.h_aliases[0], nullptr);
}

TEST_F(Answer, CutAnywhereIsNoAnswer) {
  const Message whole = reply();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Message cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(host(cut), NSS_STATUS_UNAVAIL) << size;
    EXPECT_NE(addresses(cut, {}), NSS_STATUS_SUCCESS) << size;
  }
}

TEST_F(Answer, NamesThatPointToThemselvesEnd) {
  Message message = reply();
  message[21] = 0xc0;
  message[22] = 21;
  EXPECT_EQ(host(message), NSS_STATUS_UNAVAIL);
}

TEST_F(Answer, TooSmallABufferAsksForMore) {
  std::size_t size = 0;
  for (; size < sizeof buffer_ && host(reply(), size) != NSS_STATUS_SUCCESS; ++size) {
    EXPECT_EQ(error_, ERANGE);
    EXPECT_EQ(h_error_, NETDB_INTERNAL);
  }
  EXPECT_EQ(size, sizeof "a.b" + 4 + 3 * sizeof(char*));  // as glibc has it
}

TEST_F(Answer, SecondOneCountsIfTheFirstIsMissing) {
  ASSERT_EQ(addresses({}, reply()), NSS_STATUS_SUCCESS);
  EXPECT_STREQ(list_->name, "a.b");
  EXPECT_EQ(list_->next, nullptr);
  ASSERT_EQ(addresses(reply(), reply()), NSS_STATUS_SUCCESS);
  ASSERT_NE(list_->next, nullptr);
  EXPECT_EQ(list_->next->name, nullptr);
}

}  // namespace
}  // namespace weft::net

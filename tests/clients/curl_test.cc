// libcurl, which knows nothing of weft. The server's /slow answers after 200 ms, /hang after half a
// minute.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/clients/called_off.h"
#include "tests/clients/fan_out.h"
#include "tests/clients/server.h"

namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

std::size_t append(const char* data, std::size_t size, std::size_t count, std::string* text) {
  text->append(data, size * count);
  return size * count;
}

class Curl : public ::testing::Test {
 protected:
  // Else the first handle does it, while the others spin for it, each on a kernel thread of its
  // own.
  static void SetUpTestSuite() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  static void TearDownTestSuite() { curl_global_cleanup(); }
};

// A handle connects when it is first used.
Handle handle_of(const std::string& host, const std::string& path = "/slow") {
  Handle handle(curl_easy_init(), curl_easy_cleanup);
  const std::string url = "http://" + host + ":" + weft::test::server + path;
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append);
  return handle;
}

void expect_page(const Handle& handle) {
  std::string page;
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &page);
  ASSERT_EQ(curl_easy_perform(handle.get()), CURLE_OK);
  EXPECT_EQ(page, "slow\n");
}

TEST_F(Curl, AHundredPagesAreFetchedAtOnce) {
  weft::test::expect_answers_at_once([] { return handle_of("127.0.0.1"); }, expect_page);
}

// Its thread for each name is a fiber.
TEST_F(Curl, NamesOfHostsTakeNoKernelThread) {
  weft::test::expect_answers_at_once([] { return handle_of("localhost"); }, expect_page);
}

TEST_F(Curl, ATransferFailsWhenItIsCalledOff) {
  weft::test::expect_failure_when_called_off(
      [] { return handle_of("localhost", "/hang"); },
      [](const Handle& handle) { return curl_easy_perform(handle.get()) != CURLE_OK; });
}

}  // namespace

// http_get.cc: libcurl in fibers: fetches all URLs at the same time, each by a plain blocking call.
//
// Usage: http_get URL...
#include <curl/curl.h>
#include <weft/patch.h>
#include <weft/weft.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

std::size_t append(const char* data, std::size_t size, std::size_t count, std::string* page) {
  page->append(data, size * count);
  return size * count;
}

std::string fetch(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   curl_easy_cleanup);
  std::string page;
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &page);
  const CURLcode error = curl_easy_perform(handle.get());
  return error == CURLE_OK ? std::to_string(page.size()) + " bytes" : curl_easy_strerror(error);
}

}  // namespace

int main(int argc, char** argv) {
  weft::patch_all();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::vector<weft::Fiber<std::string>> pages;
  for (int i = 1; i < argc; ++i) {
    pages.push_back(weft::spawn(fetch, std::string(argv[i])));
  }
  for (int i = 1; i < argc; ++i) {
    std::printf("%s: %s\n", argv[i], pages[static_cast<std::size_t>(i) - 1].get().c_str());
  }
}

// web_crawler.cc: reads all pages of a site, eight at a time, and gives each a second.
#include <curl/curl.h>
#include <weft/patch.h>
#include <weft/pool.h>
#include <weft/timeout.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace {

std::size_t append(const char* data, std::size_t size, std::size_t count, std::string* page) {
  page->append(data, size * count);
  return size * count;
}

std::string fetch(const std::string& url) {
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
  std::string page;
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &page);
  curl_easy_perform(handle.get());
  return page;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string site = argc > 1 ? argv[1] : "http://127.0.0.1";
  const std::regex link("href=\"(/[^\"]*)\"");
  std::vector<std::string> next{"/index.html"};
  std::map<std::string, std::string> pages{{next[0], "too slow"}};
  weft::patch_all();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  weft::Pool pool(8);
  while (!next.empty()) {
    for (const std::string& path : std::exchange(next, {})) {
      pool.spawn([&, path] {
        std::string page;
        weft::Timeout limit(std::chrono::seconds(1));
        if (!limit.silent([&] { page = fetch(site + path); })) return;
        pages[path] = std::to_string(page.size()) + " bytes";
        for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at) {
          if (pages.try_emplace((*at)[1], "too slow").second) next.push_back((*at)[1]);
        }
      });
    }
    pool.join();
  }
  for (const auto& [path, what] : pages) std::printf("%s: %s\n", path.c_str(), what.c_str());
}

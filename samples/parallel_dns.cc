// parallel_dns.cc: looks up all names at the same time; each has two seconds.
//
//     parallel_dns NAME...
#include <weft/net/resolver.h>
#include <weft/weft.h>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::string look_up(const std::string& name) try {
  const auto ask = [&name] {
    std::string line = name;
    for (const auto& address : weft::net::resolver().resolve(name, 0)) {
      line += ' ' + address.host();
    }
    return line;
  };
  return weft::with_timeout(2s, ask, name + ": nobody answers");
} catch (const weft::net::ResolveError& error) {
  return name + ": " + error.code().message();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<weft::Fiber<std::string>> lookups;
  for (int i = 1; i < argc; ++i) {
    lookups.push_back(weft::spawn(look_up, std::string(argv[i])));
  }
  for (const auto& lookup : lookups) {
    std::cout << lookup.get() << '\n';
  }
}

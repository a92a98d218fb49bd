// host_cache.h: answers of name servers, as long as they say.
//
// Layer:  net.
#pragma once
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "net/host_query.h"
#include "runtime/deadline.h"

namespace weft::net {

/// At most so many; who was not asked for the longest goes first.
///
/// Threads: one at a time.
class HostCache {
 public:
  explicit HostCache(std::size_t most) : most_(most) {}

  std::optional<Found> find(const std::string& key);
  /// Keeps it for that long; not at all for zero.
  void keep(const std::string& key, const Found& found, std::chrono::seconds length);
  void clear();

 private:
  struct Entry {
    std::string key;
    Found found;
    runtime::Deadline end;
  };
  void erase(std::list<Entry>::iterator entry);

  const std::size_t most_;
  std::list<Entry> entries_;  // the last that was asked for first
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace weft::net

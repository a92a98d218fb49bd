#include "net/host_cache.h"

namespace weft::net {

void HostCache::erase(std::list<Entry>::iterator entry) {
  places_.erase(entry->key);
  entries_.erase(entry);
}

std::optional<Found> HostCache::find(const std::string& key) {
  const auto place = places_.find(key);
  if (place == places_.end()) {
    return std::nullopt;
  }
  if (place->second->end.passed()) {
    erase(place->second);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, place->second);
  return place->second->found;
}

void HostCache::keep(const std::string& key, const Found& found, std::chrono::seconds length) {
  if (most_ == 0 || length.count() <= 0) {
    return;
  }
  if (const auto place = places_.find(key); place != places_.end()) {
    erase(place->second);
  }
  while (entries_.size() >= most_) {
    erase(std::prev(entries_.end()));
  }
  entries_.push_front({key, found, runtime::Deadline::after(length)});
  places_[key] = entries_.begin();
}

void HostCache::clear() {
  places_.clear();
  entries_.clear();
}

}  // namespace weft::net

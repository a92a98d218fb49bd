#include "net/host_lookup.h"

#include <weft/detail/shielded.h>

#include <algorithm>
#include <utility>

#include "net/hosts_line.h"
#include "runtime/guard.h"

namespace weft::net {
namespace {

Found from_file(HostEntry host) { return {.host = std::move(host)}; }

}  // namespace

// Ends a question, whether it was answered or called off.
class HostLookup::Landing {
 public:
  Landing(HostLookup& lookup, const std::string& key, std::shared_ptr<Flight> flight)
      : lookup_(lookup), key_(key), flight_(std::move(flight)) {}
  ~Landing() {
    {
      const weft::detail::Shielded shielded;
      const weft::detail::Guard hold(lookup_.mutex_);
      const auto place = lookup_.flights_.find(key_);
      if (place != lookup_.flights_.end() && place->second == flight_) {  // not flushed
        lookup_.flights_.erase(place);
        if (flight_->found) {
          lookup_.cache_.keep(key_, *flight_->found, lookup_.length_of(*flight_->found));
        }
      }
    }
    flight_->done.set();
  }
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;

 private:
  HostLookup& lookup_;
  const std::string& key_;
  const std::shared_ptr<Flight> flight_;
};

HostLookup::HostLookup(ResolverOptions options)
    : options_(std::move(options)),
      hosts_(options_.hosts_file),
      services_(kNsswitch),
      cache_(options_.cache_entries) {}

HostLookup::Services::Services(std::string_view file) {
  const std::string line = hosts_line_in(file);
  files_first = line.find("files") < line.find("dns");
  are_known = !with_own_service(line).empty();
}

bool HostLookup::must_be_libcs() { return options_.servers.empty() && !services_.now()->are_known; }

std::chrono::seconds HostLookup::length_of(const Found& found) const {
  if (found.eai == 0) {
    return std::min(found.ttl, options_.max_ttl);
  }
  const bool is_of_the_name = found.eai == EAI_NONAME || found.eai == EAI_NODATA;
  return is_of_the_name ? options_.negative_ttl : std::chrono::seconds(0);
}

Found HostLookup::ask_servers(const std::string& name, int family) {
  const std::string key = std::to_string(family) + ' ' + lower_case(name);
  for (;;) {
    weft::detail::Guard hold(mutex_);
    if (auto known = cache_.find(key)) {
      return *std::move(known);
    }
    std::shared_ptr<Flight>& place = flights_[key];
    const bool is_first = place == nullptr;
    if (is_first) {
      place = std::make_shared<Flight>();
    }
    const std::shared_ptr<Flight> flight = place;
    hold.unlock();
    if (is_first) {
      const Landing landing(*this, key, flight);
      flight->found = query_host(options_, name, family);
      return *flight->found;
    }
    flight->done.wait();
    if (flight->found) {
      return *flight->found;
    }
  }
}

Found HostLookup::find(const std::string& name, int family) {
  const auto names = hosts_.now();
  const bool files_first = !options_.servers.empty() || services_.now()->files_first;
  if (files_first) {
    if (auto host = names->find(name, family)) {
      return from_file(*std::move(host));
    }
  }
  Found found = ask_servers(name, family);
  if (!files_first && found.eai != 0) {
    if (auto host = names->find(name, family)) {
      return from_file(*std::move(host));
    }
  }
  return found;
}

Found HostLookup::name_of(const Address& address, int flags) {
  if (auto name = hosts_.now()->name_of(address)) {
    return from_file({.name = *std::move(name)});
  }
  return query_name(options_, address, flags);
}

void HostLookup::flush() {
  const weft::detail::Guard hold(mutex_);
  cache_.clear();
  flights_.clear();
}

}  // namespace weft::net

// host_lookup.h: addresses of names: from the hosts file, from what is known already, or by asking
// servers, once for all who want to know at the same time.
//
// Layer:  net.      See also: host_query.h, host_cache.h, hosts_file.h.
#pragma once
#include <weft/event.h>
#include <weft/mutex.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/host_cache.h"
#include "net/hosts_file.h"
#include "net/watched_file.h"

namespace weft::net {

/// Threads: any, several at a time.
class HostLookup {
 public:
  explicit HostLookup(ResolverOptions options);

  /// What the name's addresses are. Throws what calls off the fiber's waits.
  Found find(const std::string& name, int family);
  /// The name of an address, as Found::host.
  Found name_of(const Address& address, int flags);
  /// Whether the system looks up hosts by services that are not known here.
  [[nodiscard]] bool must_be_libcs();
  void flush();
  [[nodiscard]] const ResolverOptions& options() const { return options_; }

 private:
  /// A question that is being asked. Whoever waits for `done` and then finds no answer asks anew.
  struct Flight {
    Event done;
    std::optional<Found> found;  // written before done is set
  };
  /// What nsswitch.conf says of hosts.
  struct Services {
    explicit Services(std::string_view file);
    bool files_first = false;
    bool are_known = false;
  };
  class Landing;
  Found ask_servers(const std::string& name, int family);
  std::chrono::seconds length_of(const Found& found) const;

  const ResolverOptions options_;
  WatchedFile<HostNames> hosts_;
  WatchedFile<Services> services_;
  Mutex mutex_;
  HostCache cache_;                                                   // guarded by mutex_
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;  // guarded by mutex_
};

}  // namespace weft::net

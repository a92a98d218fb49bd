#include "net/answer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace weft::net {
namespace {

int length_of_address(int type) { return type == ns_t_a ? 4 : type == ns_t_aaaa ? 16 : -1; }

// Follows a reply's aliases. glibc's way, too: an alias counts whoever it belongs to.
class Chain {
 public:
  Chain(const Message& reply, int type, bool checks_class = true)
      : records_(reply), type_(type), checks_class_(checks_class) {
    if (records_.is_valid()) {
      std::memcpy(expected_, records_.question(), sizeof expected_);
    }
  }

  enum class Found : unsigned char { kAlias, kMatch, kEnd, kBroken };
  /// The next record that is an alias, or of the type and for the name that is looked for.
  Found next(const Report& report) {
    while (seen_ < records_.count()) {
      ++seen_;
      if (!records_.next(record_)) {
        return Found::kBroken;
      }
      if (record_.rclass != ns_c_in && checks_class_) {
        continue;
      }
      if (record_.type == ns_t_cname || record_.type == type_) {
        report.lower_ttl(record_.ttl);
      }
      if (record_.type == ns_t_cname) {
        return records_.name_in(record_.data, expected_) ? Found::kAlias : Found::kBroken;
      }
      if (record_.type == type_ && is_same_name(record_.name, expected_)) {
        return Found::kMatch;
      }
    }
    return Found::kEnd;
  }
  [[nodiscard]] const Records& records() const { return records_; }
  [[nodiscard]] const Record& record() const { return record_; }
  /// The alias that was found last.
  [[nodiscard]] const unsigned char* expected() const { return expected_; }
  [[nodiscard]] bool has_address() const { return record_.length == length_of_address(type_); }

 private:
  Records records_;
  Record record_;
  WireName expected_ = {};
  int type_;
  bool checks_class_;
  int seen_ = 0;
};

bool add_name(const unsigned char* name, Space& space, std::vector<char*>& names) {
  HostName text;
  if (!to_host_name(name, text)) {
    return false;
  }
  names.push_back(space.copy(text));
  return true;
}

// Room for the pointers, ended by null.
char** list_of(Space& space, const std::vector<char*>& pointers, std::size_t count,
               std::size_t room) {
  char** const list = space.take<char*>(room);
  if (list != nullptr) {
    std::copy_n(pointers.begin(), count, list);
    list[count] = nullptr;
  }
  return list;
}

// The list of addresses that libc wants: its end, and the name that goes with the first of them.
class List {
 public:
  List(Space& space, gaih_addrtuple** begin) : space_(space), tail_(begin) {}

  void add(const Record& record, const HostName& name) {
    auto* const address = space_.take<gaih_addrtuple>();
    if (address == nullptr) {
      return;
    }
    *address = {};
    address->name = is_empty_ ? space_.copy(name) : nullptr;
    address->family = record.length == NS_INADDRSZ ? AF_INET : AF_INET6;
    std::memcpy(address->addr, record.data, static_cast<std::size_t>(record.length));
    *tail_ = address;
    tail_ = &address->next;
    is_empty_ = false;
  }

 private:
  Space& space_;
  gaih_addrtuple** tail_;
  bool is_empty_ = true;
};

nss_status add_addresses(const Message& reply, List& list, const Report& report) {
  const Records question(reply);
  if (!question.is_valid()) {
    return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
  }
  HostName name;
  if (question.count() == 0 || !to_host_name(question.question(), name)) {
    return report.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND);
  }
  bool found_any = false;
  Chain chain(reply, question.question_type(), false);  // nor does glibc here
  for (auto found = chain.next(report); found != Chain::Found::kEnd; found = chain.next(report)) {
    HostName alias;
    if (found == Chain::Found::kBroken) {
      return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
    }
    if (found == Chain::Found::kMatch && chain.has_address()) {
      list.add(chain.record(), name);
      found_any = true;
    } else if (found == Chain::Found::kAlias && to_host_name(chain.expected(), alias)) {
      std::memcpy(name, alias, sizeof name);
    }
  }
  return found_any ? report.say(NSS_STATUS_SUCCESS, NETDB_SUCCESS)
                   : report.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND);
}

}  // namespace

void* Space::take_bytes(std::size_t size, std::size_t alignment) {
  auto left = static_cast<std::size_t>(end_ - at_);
  void* place = at_;
  if (overflowed_ || std::align(alignment, size, place, left) == nullptr) {
    overflowed_ = true;
    return nullptr;
  }
  at_ = static_cast<char*>(place) + size;
  return place;
}

char* Space::copy(std::string_view text) {
  char* const place = take<char>(text.size() + 1);
  if (place != nullptr) {
    std::memcpy(place, text.data(), text.size());
    place[text.size()] = '\0';
  }
  return place;
}

char* Space::copy_address(const void* bytes, std::size_t size) {
  auto* const place = static_cast<char*>(take_bytes(size, alignof(std::uint32_t)));
  if (place != nullptr) {
    std::memcpy(place, bytes, size);
  }
  return place;
}

nss_status host_from(const Message& reply, int type, Space& space, hostent& host,
                     const Report& report) {
  Chain chain(reply, type);
  if (!chain.records().is_valid()) {
    return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
  }
  std::vector<char*> names;
  std::vector<char*> addresses;
  if (rcode_of(reply) == ns_r_nxdomain || !add_name(chain.records().question(), space, names)) {
    report.clear_ttl();
    return report.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND, ENOENT);
  }
  for (auto found = chain.next(report); found != Chain::Found::kEnd; found = chain.next(report)) {
    if (found == Chain::Found::kBroken) {
      return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
    }
    if (found == Chain::Found::kAlias) {
      add_name(chain.expected(), space, names);
    } else if (chain.has_address()) {
      addresses.push_back(
          space.copy_address(chain.record().data, static_cast<std::size_t>(chain.record().length)));
    }
  }
  if (addresses.empty()) {
    report.clear_ttl();
    return report.say(NSS_STATUS_TRYAGAIN, NO_RECOVERY, ENOENT);
  }
  // The last name is the canonical one, the others are its aliases.
  host.h_addr_list = list_of(space, addresses, addresses.size(), addresses.size() + 1);
  host.h_aliases = list_of(space, names, names.size() - 1, names.size());
  host.h_name = names.back();
  return space.overflowed() ? report.too_small() : report.say(NSS_STATUS_SUCCESS, NETDB_SUCCESS);
}

nss_status addresses_from(const Message& first, const Message& second, Space& space,
                          gaih_addrtuple** begin, const Report& report) {
  List list(space, begin);
  nss_status status = NSS_STATUS_NOTFOUND;
  if (!first.empty()) {
    status = add_addresses(first, list, report);
  }
  const bool may_go_on = status == NSS_STATUS_SUCCESS || status == NSS_STATUS_NOTFOUND;
  if (may_go_on && !second.empty() && !space.overflowed()) {
    const nss_status other = add_addresses(second, list, report);
    if (status != NSS_STATUS_SUCCESS && other != NSS_STATUS_NOTFOUND) {
      status = other;
    }
  }
  return space.overflowed() ? report.too_small() : status;
}

nss_status name_from(const Message& reply, Space& space, char** name, const Report& report) {
  Chain chain(reply, ns_t_ptr);
  if (!chain.records().is_valid()) {
    return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
  }
  for (;;) {
    switch (chain.next(report)) {
      case Chain::Found::kAlias:
        break;
      case Chain::Found::kBroken:
        return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
      case Chain::Found::kEnd:
        report.clear_ttl();
        return report.say(NSS_STATUS_TRYAGAIN, NO_RECOVERY, ENOENT);
      case Chain::Found::kMatch: {
        WireName target;
        HostName text;
        if (!chain.records().name_in(chain.record().data, target) || !to_host_name(target, text)) {
          return report.say(NSS_STATUS_UNAVAIL, NO_RECOVERY);
        }
        *name = space.copy(text);
        return NSS_STATUS_SUCCESS;
      }
    }
  }
}

}  // namespace weft::net

// answer.h: replies turned into what libc's name service hands on: in the caller's buffer, in the
// order in which glibc's own service fills it, so that the same sizes are too small.
//
// Layer:  net.
#pragma once
#include <netdb.h>
#include <nss.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/message.h"

namespace weft::net {

/// The caller's buffer, from its beginning on. What does not fit makes it `overflowed` for good.
class Space {
 public:
  Space(char* buffer, std::size_t size) : at_(buffer), end_(buffer + size) {}

  /// Null if it does not fit.
  template <class T>
  T* take(std::size_t count = 1) {
    return static_cast<T*>(take_bytes(count * sizeof(T), alignof(T)));
  }
  /// A copy with a zero behind it.
  char* copy(std::string_view text);
  /// A copy, aligned for a number of 32 bits.
  char* copy_address(const void* bytes, std::size_t size);
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  void* take_bytes(std::size_t size, std::size_t alignment);
  char* at_;
  char* end_;
  bool overflowed_ = false;
};

/// What a function of libc's name service leaves behind besides its result.
struct Report {
  int* error;
  int* h_error;
  std::int32_t* ttl;  // null: not wanted

  [[nodiscard]] nss_status say(nss_status status, int h) const {
    *h_error = h;
    return status;
  }
  [[nodiscard]] nss_status say(nss_status status, int h, int e) const {
    *error = e;
    return say(status, h);
  }
  void lower_ttl(std::int32_t seconds) const {
    if (ttl != nullptr && *ttl > seconds) {
      *ttl = seconds;
    }
  }
  /// Nothing is there to be kept.
  void clear_ttl() const {
    if (ttl != nullptr) {
      *ttl = 0;
    }
  }
  [[nodiscard]] nss_status too_small() const {
    return say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ERANGE);
  }
};

/// A reply for addresses of one type. Sets the names and addresses of `host`, and nothing else.
nss_status host_from(const Message& reply, int type, Space& space, hostent& host,
                     const Report& report);

/// Up to two replies, as a list of addresses of both families.
nss_status addresses_from(const Message& first, const Message& second, Space& space,
                          gaih_addrtuple** begin, const Report& report);

/// The name that a reply has for an address.
nss_status name_from(const Message& reply, Space& space, char** name, const Report& report);

}  // namespace weft::net

// weft/net/resolve_error.h: why a name has no address.
//
// Layer:  net, public.      See also: weft/net/resolver.h.
#pragma once
#include <netdb.h>

#include <string>
#include <system_error>

namespace weft::net {

/// The errors of getaddrinfo(3): its values are EAI_NONAME, EAI_AGAIN and so on, its texts those of
/// gai_strerror(3).
///
/// Threads:  any.
///
///     if (error.code().category() == weft::net::resolver_category()) ...
const std::error_category& resolver_category() noexcept;

/// A lookup has failed, as the system's resolver would say it.
///
/// Promise:  code().value() is one of EAI_*. For EAI_SYSTEM system_error() is the errno.
/// Source:   socket.gaierror.
///
///     catch (const weft::net::ResolveError& e) { if (e.code().value() == EAI_AGAIN) retry(); }
class ResolveError : public std::system_error {
 public:
  /// `what` names what was looked up.
  ResolveError(int eai, const std::string& what, int system_errno = 0);
  /// The errno behind EAI_SYSTEM; 0 for the others.
  [[nodiscard]] int system_error() const noexcept { return system_errno_; }

 private:
  int system_errno_;
};

}  // namespace weft::net

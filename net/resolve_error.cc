#include <weft/net/resolve_error.h>

namespace weft::net {
namespace {

class ResolverCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "getaddrinfo"; }
  [[nodiscard]] std::string message(int eai) const override { return gai_strerror(eai); }
};

}  // namespace

const std::error_category& resolver_category() noexcept {
  static const ResolverCategory category;
  return category;
}

ResolveError::ResolveError(int eai, const std::string& what, int system_errno)
    : std::system_error(
          eai, resolver_category(),
          system_errno == 0 ? what : what + ": " + std::generic_category().message(system_errno)),
      system_errno_(system_errno) {}

}  // namespace weft::net

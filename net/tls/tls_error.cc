#include "net/tls/tls_error.h"

#include <openssl/err.h>

namespace weft::net {
namespace {

class TlsCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "tls"; }
  [[nodiscard]] std::string message(int code) const override {
    char text[256];
    ERR_error_string_n(static_cast<unsigned>(code), text, sizeof text);
    return text;
  }
};

}  // namespace

const std::error_category& tls_category() noexcept {
  static const TlsCategory category;
  return category;
}

void throw_tls(const char* call, const std::string& reason) {
  const int code = static_cast<int>(ERR_get_error());
  ERR_clear_error();
  throw TlsError(code, tls_category(), reason.empty() ? call : call + (": " + reason));
}

}  // namespace weft::net

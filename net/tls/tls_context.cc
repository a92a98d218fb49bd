#include <openssl/err.h>
#include <openssl/ssl.h>
#include <weft/net/tls.h>

#include <cerrno>

#include "net/tls/tls_error.h"

namespace weft::net {
namespace {

SSL_CTX* make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(method);
  if (context == nullptr) {
    throw_tls("weft::net::TlsContext");
  }
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A write is tried again from wherever the caller has its bytes then, and a part of it counts.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// The server's list is a string in the form of the wire.
int select_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* list) {
  const auto& ours = *static_cast<const std::string*>(list);
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

void TlsContext::free_context(SSL_CTX* context) { SSL_CTX_free(context); }

TlsContext TlsContext::client() {
  TlsContext context(make_context(TLS_client_method()));
  context.verify_peer(true);
  SSL_CTX_set_default_verify_paths(context.native());
  return context;
}

TlsContext TlsContext::server(const std::string& chain_file, const std::string& key_file) {
  TlsContext context(make_context(TLS_server_method()));
  context.use_certificate(chain_file, key_file);
  return context;
}

void TlsContext::trust(const std::string& ca_file) {
  ERR_clear_error();
  SSL_CTX_set_cert_store(native(), X509_STORE_new());
  if (SSL_CTX_load_verify_file(native(), ca_file.c_str()) != 1) {
    throw_tls("weft::net::TlsContext", ca_file);
  }
}

void TlsContext::use_certificate(const std::string& chain_file, const std::string& key_file) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native(), chain_file.c_str()) != 1) {
    throw_tls("weft::net::TlsContext", chain_file);
  }
  if (SSL_CTX_use_PrivateKey_file(native(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw_tls("weft::net::TlsContext", key_file);
  }
}

void TlsContext::verify_peer(bool on) {
  SSL_CTX_set_verify(
      native(), on ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, nullptr);
}

void TlsContext::set_alpn(const std::vector<std::string>& protocols) {
  constexpr std::size_t kLongest = 255;
  std::string wire;
  for (const std::string& each : protocols) {
    if (each.empty() || each.size() > kLongest) {
      throw std::system_error(EINVAL, std::generic_category(), "weft::net::TlsContext::set_alpn");
    }
    wire += static_cast<char>(each.size()) + each;
  }
  *alpn_ = wire;
  SSL_CTX_set_alpn_protos(native(), reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
  SSL_CTX_set_alpn_select_cb(native(), select_protocol, alpn_.get());
}

}  // namespace weft::net

// weft/net/tls.h: encrypted streams, by OpenSSL.
//
// Layer:  net, public; in a library of its own (CMake's target weft_tls).
#pragma once
#include <weft/mutex.h>
#include <weft/net/bytes.h>
#include <weft/net/stream_socket.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace weft::net {

/// The errors of OpenSSL: its numbers, cut to an int, and its texts.
///
/// Threads:  any.
///
///     if (error.code().category() == weft::net::tls_category()) ...
const std::error_category& tls_category() noexcept;

/// What OpenSSL says has gone wrong. If a certificate was refused, what() says why.
///
/// Source:   ssl.SSLError, ssl.SSLCertVerificationError.
///
///     catch (const weft::net::TlsError& e) { log(e.what()); }
class TlsError : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// What the streams of one client or server have in common: certificates, and whom they trust.
///
/// Errors:   TlsError; for files that can't be read, too.
/// Threads:  to be set up by one; then any.
/// Promise:  TLS 1.2 at least. Clients verify certificate and host name, by the system's CAs if no
///           others are given. Streams keep what they need of it: it may go first.
/// Source:   ssl.SSLContext; ssl.create_default_context().
///
///     weft::net::TlsContext context = weft::net::TlsContext::client();
class TlsContext {
 public:
  /// For connecting.
  static TlsContext client();
  /// For accepting, with a chain of certificates and a key, in files of PEM.
  static TlsContext server(const std::string& chain_file, const std::string& key_file);

  /// Trusts the certificates of a file of PEM, and no longer the system's.
  void trust(const std::string& ca_file);
  /// Shows a certificate of our own: of a client, too.
  void use_certificate(const std::string& chain_file, const std::string& key_file);
  /// Whether the peer must have a certificate that is trusted: of clients, true; of servers, false.
  void verify_peer(bool on);
  /// Protocols in order of preference, as ALPN has them. A server picks its first that the client
  /// knows, or none.
  void set_alpn(const std::vector<std::string>& protocols);

  /// OpenSSL's own, for what is not said here.
  [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context, free_context) {}
  static void free_context(ssl_ctx_st* context);
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<std::string> alpn_ = std::make_shared<std::string>();
};

/// A connection whose bytes are encrypted. A Stream.
///
/// Units:    sizes in bytes.
/// Errors:   TlsError; std::system_error: ETIMEDOUT by the socket's timeout(), EPIPE without
///           SIGPIPE, ECONNRESET, and so on. A stream that ends without the peer's close_notify is
///           an error. After an error of the protocol no call succeeds. What calls off the fiber's
///           waits: then a read has lost nothing, and the bytes of a write may have been sent. A
///           write that ended so, or by ETIMEDOUT, may leave half a record behind: then later
///           writes and shutdown() throw EPIPE, and the peer finds an end without a close_notify.
/// Threads:  one that reads beside one that writes, fibers or not: OpenSSL's state is guarded by a
///           Mutex that nobody holds while waiting. More of them wait for each other's calls.
/// Promise:  the socket's wait, not a kernel thread's: WANT_READ and WANT_WRITE are waited for.
/// Source:   ssl.SSLSocket.
///
///     auto tls = weft::net::TlsStream::connect(std::move(tcp), context, "example.org");
///     tls.write_all("hello\n");
class TlsStream {
 public:
  /// Shakes hands as a client. `host` is sent (SNI), and the certificate must be for it; an address
  /// in numbers is not sent.
  static TlsStream connect(StreamSocket&& socket, const TlsContext& context,
                           const std::string& host);
  /// Shakes hands as a server.
  static TlsStream accept(StreamSocket&& socket, const TlsContext& context);
  /// Takes over the other's, which may only be destroyed then.
  TlsStream(TlsStream&& other) noexcept;
  /// The same.
  TlsStream& operator=(TlsStream&& other) noexcept;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  /// Closes the connection, without a close_notify: shutdown() sends one.
  ~TlsStream();

  /// Waits for some bytes; returns how many came, 0 once the peer has sent its close_notify.
  [[nodiscard]] std::size_t read_some(MutableBytes room);
  /// Waits until some of the bytes are taken, and returns how many.
  std::size_t write_some(Bytes bytes);
  /// Waits until all are taken. Those of several writers are not mixed.
  void write_all(Bytes bytes);
  /// Sends a close_notify: the peer's reads find the end, ours go on. Later writes fail.
  void shutdown();
  /// Ends the connection: who waits in one of its calls, and later calls, fail.
  void close();

  /// The protocol that ALPN has settled on; empty if none.
  [[nodiscard]] std::string alpn() const;
  /// "TLSv1.3" and so on.
  [[nodiscard]] std::string version() const;
  /// The name that a client has sent, or will; empty if none.
  [[nodiscard]] std::string server_name() const;
  /// The peer's certificate in PEM; empty if it has shown none.
  [[nodiscard]] std::string peer_certificate() const;
  /// The connection below: for its addresses and its timeout, not for bytes.
  [[nodiscard]] Socket& socket();
  /// OpenSSL's own, for what is not said here.
  [[nodiscard]] ssl_st* native() const;

 private:
  struct State;
  explicit TlsStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The certificate of a server in PEM, whoever has signed it.
///
/// Errors:   as connect() and TlsStream::connect().
/// Source:   ssl.get_server_certificate().
///
///     std::string pem = weft::net::get_server_certificate("example.org", 443);
std::string get_server_certificate(const std::string& host, std::uint16_t port);

}  // namespace weft::net

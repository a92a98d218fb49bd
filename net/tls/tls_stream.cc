#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <weft/net/connect.h>
#include <weft/net/tls.h>
#include <weft/wait_fd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "net/tls/socket_bio.h"
#include "net/tls/tls_error.h"
#include "runtime/api_error.h"
#include "runtime/guard.h"

namespace weft::net {

struct TlsStream::State {
  State(StreamSocket&& given, TlsContext given_context);
  ~State() { SSL_free(ssl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <class Call>
  int perform(const char* name, Call call);
  void shake_hands(const char* name);
  [[nodiscard]] std::string verify_text() const;
  void wait(FdEvent event, const char* name);
  std::size_t write_some(Bytes bytes);

  StreamSocket socket;
  const TlsContext context;  // its list of ALPN is asked for during the handshake
  SSL* ssl;
  Mutex calls;    // one call of OpenSSL at a time; nobody waits with it
  Mutex writers;  // a write that waits has to be finished before another begins
  // Guarded by both: one is not finished, and no longer waits. OpenSSL has a part of a record to
  // send, and takes whatever comes next for the bytes in it.
  bool write_is_cut = false;
  std::atomic<bool> is_closed{false};
};

TlsStream::State::State(StreamSocket&& given, TlsContext given_context)
    : socket(std::move(given)), context(std::move(given_context)), ssl(SSL_new(context.native())) {
  BIO* const bio = ssl == nullptr ? nullptr : make_socket_bio(socket.fileno());
  if (bio == nullptr) {
    SSL_free(ssl);
    throw_tls("weft::net::TlsStream");
  }
  SSL_set_bio(ssl, bio, bio);
}

void TlsStream::State::wait(FdEvent event, const char* name) {
  const auto timeout = socket.timeout();
  if (!timeout) {
    wait_fd(socket.fileno(), event);
  } else if (!wait_fd_for(socket.fileno(), event, *timeout)) {
    weft::detail::throw_errno(ETIMEDOUT, name);
  }
}

std::string TlsStream::State::verify_text() const {
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

// Calls until it has no longer to wait. Returns what it returns, 0 at the peer's close_notify. The
// queue of errors is the kernel thread's: nothing is switched between the call and a look at it.
template <class Call>
int TlsStream::State::perform(const char* name, Call call) {
  for (;;) {
    int error = SSL_ERROR_NONE;
    {
      const weft::detail::Guard hold(calls);
      if (is_closed.load(std::memory_order_acquire)) {
        weft::detail::throw_errno(EBADF, name);
      }
      ERR_clear_error();
      errno = 0;
      const int result = call();
      const int system_error = errno;
      error = SSL_get_error(ssl, result);
      if (error == SSL_ERROR_NONE) {
        return result;
      }
      if (error == SSL_ERROR_ZERO_RETURN) {
        return 0;
      }
      if (error == SSL_ERROR_SYSCALL) {
        weft::detail::throw_errno(system_error == 0 ? ECONNRESET : system_error, name);
      }
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        throw_tls(name, verify_text());
      }
    }
    wait(error == SSL_ERROR_WANT_READ ? FdEvent::kReadable : FdEvent::kWritable, name);
  }
}

void TlsStream::State::shake_hands(const char* name) {
  perform(name, [this] { return SSL_do_handshake(ssl); });
}

TlsStream::TlsStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsStream::TlsStream(TlsStream&& other) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&& other) noexcept = default;
TlsStream::~TlsStream() = default;

TlsStream TlsStream::connect(StreamSocket&& socket, const TlsContext& context,
                             const std::string& host) {
  auto state = std::make_unique<State>(std::move(socket), context);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(state->ssl), host.c_str()) != 1) {
    ERR_clear_error();
    if (SSL_set1_host(state->ssl, host.c_str()) != 1 ||
        SSL_set_tlsext_host_name(state->ssl, host.c_str()) != 1) {
      throw_tls("weft::net::TlsStream::connect", host);
    }
  }
  SSL_set_connect_state(state->ssl);
  state->shake_hands("weft::net::TlsStream::connect");
  return TlsStream(std::move(state));
}

TlsStream TlsStream::accept(StreamSocket&& socket, const TlsContext& context) {
  auto state = std::make_unique<State>(std::move(socket), context);
  SSL_set_accept_state(state->ssl);
  state->shake_hands("weft::net::TlsStream::accept");
  return TlsStream(std::move(state));
}

std::size_t TlsStream::read_some(MutableBytes room) {
  if (room.size() == 0) {
    return 0;
  }
  const int size = static_cast<int>(std::min<std::size_t>(room.size(), INT_MAX));
  return static_cast<std::size_t>(state_->perform(
      "weft::net::TlsStream: read", [&] { return SSL_read(state_->ssl, room.data(), size); }));
}

std::size_t TlsStream::State::write_some(Bytes bytes) {
  if (bytes.size() == 0) {
    return 0;
  }
  constexpr const char* kCall = "weft::net::TlsStream: write";
  const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  const bool was_cut = write_is_cut;  // only who has `writers` changes it
  return static_cast<std::size_t>(perform(kCall, [&] {
    if (was_cut) {
      weft::detail::throw_errno(EPIPE, kCall);
    }
    const int result = SSL_write(ssl, bytes.data(), size);
    const int error = SSL_get_error(ssl, result);
    write_is_cut = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    return result;
  }));
}

std::size_t TlsStream::write_some(Bytes bytes) {
  const weft::detail::Guard alone(state_->writers);
  return state_->write_some(bytes);
}

void TlsStream::write_all(Bytes bytes) {
  const weft::detail::Guard alone(state_->writers);
  while (bytes.size() > 0) {
    bytes = bytes.behind(state_->write_some(bytes));
  }
}

void TlsStream::shutdown() {
  const weft::detail::Guard alone(state_->writers);
  constexpr const char* kCall = "weft::net::TlsStream: shutdown";
  state_->perform(kCall, [this] {
    if (state_->write_is_cut) {
      weft::detail::throw_errno(EPIPE, kCall);
    }
    const int result = SSL_shutdown(state_->ssl);
    return result == 0 ? 1 : result;  // 0: the peer's has not come yet
  });
}

void TlsStream::close() {
  if (!state_->is_closed.exchange(true)) {
    try {
      state_->socket.shutdown(Half::kBoth);
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): it has ended already
    }
  }
}

std::string TlsStream::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsStream::version() const { return SSL_get_version(state_->ssl); }

std::string TlsStream::server_name() const {
  const char* const name = SSL_get_servername(state_->ssl, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsStream::peer_certificate() const {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(state_->ssl),
                                                           X509_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
  if (certificate == nullptr || text == nullptr ||
      PEM_write_bio_X509(text.get(), certificate.get()) != 1) {
    return {};
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Socket& TlsStream::socket() { return state_->socket; }

SSL* TlsStream::native() const { return state_->ssl; }

std::string get_server_certificate(const std::string& host, std::uint16_t port) {
  TlsContext context = TlsContext::client();
  context.verify_peer(false);
  return TlsStream::connect(net::connect(host, port), context, host).peer_certificate();
}

}  // namespace weft::net

#include <weft/net/stream.h>
#include <weft/net/tls.h>
#include <weft/timeout.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "tests/net/fixture.h"
#include "tests/net/tls/certificate.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

static_assert(Stream<TlsStream>);

class NetTls : public NetTest {
 protected:
  static void SetUpTestSuite() { certificate = new Certificate("DNS:localhost,IP:127.0.0.1"); }
  static void TearDownTestSuite() {
    delete certificate;
    certificate = nullptr;
  }

  static TlsContext server_context() {
    return TlsContext::server(certificate->file(), certificate->key_file());
  }
  static TlsContext client_context() {
    TlsContext context = TlsContext::client();
    context.trust(certificate->file());
    return context;
  }

  struct Two {
    TlsStream client;
    TlsStream server;
  };
  static Two connected(const TlsContext& client = client_context(),
                       const TlsContext& server = server_context(),
                       const std::string& host = "localhost") {
    auto [mine, yours] = tcp_pair();
    auto accepted = spawn([&, end = std::move(yours)]() mutable {
      return std::make_shared<TlsStream>(TlsStream::accept(std::move(end), server));
    });
    TlsStream stream = TlsStream::connect(std::move(mine), client, host);
    return {std::move(stream), std::move(*accepted.get())};
  }
  // What the client says of a server whose side fails, too.
  static std::string refusal(const TlsContext& client, const std::string& host) {
    auto [mine, yours] = tcp_pair();
    const auto accepted = spawn([end = std::move(yours)]() mutable {
      EXPECT_THROW(TlsStream::accept(std::move(end), server_context()), TlsError);
    });
    std::string what;
    try {
      TlsStream::connect(std::move(mine), client, host);
    } catch (const TlsError& error) {
      EXPECT_EQ(error.code().category(), tls_category());
      what = error.what();
    }
    accepted.join();
    return what;
  }

  static inline Certificate* certificate = nullptr;
};

TEST_F(NetTls, BytesGoBothWaysAndCloseNotifyIsTheEnd) {
  Two two = connected();
  two.client.write_all("hello");
  char room[16];
  EXPECT_EQ(two.server.read_some(room), 5U);
  two.server.write_all("you");
  two.server.shutdown();
  EXPECT_EQ(read_rest(two.client), "you");
  two.client.write_all("still");
  EXPECT_EQ(two.server.read_some(room), 5U);
  EXPECT_EQ(two.client.version(), "TLSv1.3");
}

TEST_F(NetTls, TwoFibersUseOneStreamInBothDirections) {
  Two two = connected();
  const std::string text(2'000'000, 'x');
  const auto echo = spawn([&] {
    char room[16 * 1024];
    while (const std::size_t got = two.server.read_some(room)) {
      two.server.write_all({room, got});
    }
    two.server.shutdown();
  });
  const auto writer = spawn([&] {
    two.client.write_all(text);
    two.client.shutdown();
  });
  EXPECT_EQ(read_rest(two.client), text);
  writer.get();
  echo.get();
}

TEST_F(NetTls, SeveralWritersAreNotMixed) {
  Two two = connected();
  const auto write = [&](char letter) {
    return spawn([&two, letter] { two.client.write_all(std::string(300'000, letter)); });
  };
  const auto first = write('a');
  const auto second = write('b');
  std::string all(600'000, '\0');
  ASSERT_TRUE(read_exact(two.server, all));
  EXPECT_EQ(all, std::string(300'000, 'a') + std::string(300'000, 'b'));
  first.get();
  second.get();
}

TEST_F(NetTls, CertificatesAreVerifiedByDefault) {
  EXPECT_NE(refusal(TlsContext::client(), "localhost").find("self-signed certificate"),
            std::string::npos);
}

TEST_F(NetTls, HostNamesAreVerifiedByDefault) {
  EXPECT_NE(refusal(client_context(), "example.org").find("hostname mismatch"), std::string::npos);
  EXPECT_NE(refusal(client_context(), "127.0.0.2").find("IP address mismatch"), std::string::npos);
  EXPECT_NO_THROW(connected(client_context(), server_context(), "127.0.0.1"));
}

TEST_F(NetTls, VerificationCanBeTurnedOff) {
  TlsContext context = TlsContext::client();
  context.verify_peer(false);
  EXPECT_NO_THROW(connected(context, server_context(), "example.org"));
}

TEST_F(NetTls, AlpnAndServerNameAreSeenByBoth) {
  TlsContext client = client_context();
  client.set_alpn({"http/1.1", "h2"});
  TlsContext server = server_context();
  server.set_alpn({"h2", "http/1.1"});
  const Two two = connected(client, server);
  EXPECT_EQ(two.client.alpn(), "h2");
  EXPECT_EQ(two.server.alpn(), "h2");
  EXPECT_EQ(two.server.server_name(), "localhost");
  EXPECT_EQ(connected().client.alpn(), "");
  EXPECT_EQ(error_of([&] { client.set_alpn({""}); }), EINVAL);
}

TEST_F(NetTls, ServersMayAskForACertificate) {
  TlsContext server = server_context();
  server.verify_peer(true);
  server.trust(certificate->file());
  TlsContext client = client_context();
  client.use_certificate(certificate->file(), certificate->key_file());
  EXPECT_NE(connected(client, server).server.peer_certificate().find("BEGIN CERTIFICATE"),
            std::string::npos);
}

TEST_F(NetTls, AnEndWithoutCloseNotifyIsAnError) {
  Two two = connected();
  two.server.close();
  char room[16];
  try {
    static_cast<void>(two.client.read_some(room));
    FAIL();
  } catch (const TlsError& error) {
    EXPECT_NE(std::string(error.what()).find("unexpected eof"), std::string::npos);
  }
}

TEST_F(NetTls, CloseEndsTheWaitsOfOthers) {
  Two two = connected();
  const auto reader = spawn([&] {
    char room[16];
    return error_of([&] { static_cast<void>(two.client.read_some(room)); });
  });
  weft::yield();
  two.client.close();
  EXPECT_EQ(reader.get(), EBADF);
  EXPECT_EQ(error_of([&] { two.client.write_all("x"); }), EBADF);
}

TEST_F(NetTls, WaitsEndInTimeAndLoseNothing) {
  Two two = connected();
  char room[16];
  two.client.socket().set_timeout(1ms);
  EXPECT_EQ(error_of([&] { static_cast<void>(two.client.read_some(room)); }), ETIMEDOUT);
  two.client.socket().clear_timeout();
  EXPECT_THROW(with_timeout(1ms, [&] { static_cast<void>(two.client.read_some(room)); }),
               TimeoutError);
  two.server.write_all("late");
  EXPECT_EQ(two.client.read_some(room), 4U);
}

TEST_F(NetTls, NothingIsWrittenBehindAWriteThatWasCut) {
  const std::string big(20'000'000, 'x');
  for (const bool is_called_off : {false, true}) {
    Two two = connected();
    if (is_called_off) {
      EXPECT_THROW(with_timeout(1ms, [&] { two.client.write_all(big); }), TimeoutError);
      two.client.socket().set_timeout(1ms);
    } else {
      two.client.socket().set_timeout(1ms);
      EXPECT_EQ(error_of([&] { two.client.write_all(big); }), ETIMEDOUT);
    }
    const auto reader = spawn([&] {
      char room[16 * 1024];
      const auto read_all = [&] {
        while (const std::size_t got = two.server.read_some(room)) {
          EXPECT_EQ(std::string_view(room, got).find('y'), std::string_view::npos);
        }
      };
      EXPECT_THROW(read_all(), TlsError) << "no close_notify";
    });
    EXPECT_EQ(error_of([&] { two.client.write_all(std::string(100'000, 'y')); }), EPIPE);
    EXPECT_EQ(error_of([&] { two.client.shutdown(); }), EPIPE);
    two.client.close();
    EXPECT_EQ(error_of([&] { two.client.write_all("y"); }), EBADF);
    reader.join();
  }
}

TEST_F(NetTls, FilesThatCannotBeReadAreNamed) {
  try {
    TlsContext::server("/no/such/file", "/no/such/key");
    FAIL();
  } catch (const TlsError& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/file"), std::string::npos);
  }
}

TEST_F(NetTls, GetServerCertificateTakesAny) {
  TcpListener listener(Address::loopback());
  const auto server = spawn([&] { TlsStream::accept(listener.accept(), server_context()); });
  std::ostringstream file;
  file << std::ifstream(certificate->file()).rdbuf();
  EXPECT_EQ(get_server_certificate("127.0.0.1", listener.local_address().port()), file.str());
  server.get();
}

}  // namespace
}  // namespace weft::net

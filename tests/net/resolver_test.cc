#include <netdb.h>
#include <weft/net/resolver.h>
#include <weft/timeout.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/net/dns_server.h"
#include "tests/net/fixture.h"
#include "tests/support/temporary.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

struct HostsText : TemporaryFile {
  explicit HostsText(const std::string& text) { write(text); }
};

class NetResolver : public NetTest {
 protected:
  // Knows the server's names, and nothing of the system's.
  static ResolverOptions options_for(const DnsServer& server) {
    ResolverOptions options;
    options.servers = {server.address()};
    options.domains = std::vector<std::string>{};
    options.hosts_file = "/nonexistent";
    options.timeout = 5s;
    options.tries = 1;
    return options;
  }
  static std::vector<std::string> texts(const std::vector<Address>& addresses) {
    std::vector<std::string> all;
    for (const Address& address : addresses) {
      all.push_back(address.to_string());
    }
    return all;
  }
};

using Texts = std::vector<std::string>;

// The EAI_ code of what call() throws; 0 if nothing.
template <class Call>
int eai_of(Call call) {
  try {
    call();
  } catch (const ResolveError& error) {
    EXPECT_EQ(error.code().message(), gai_strerror(error.code().value()));
    return error.code().value();
  }
  return 0;
}

TEST_F(NetResolver, ServersAreAskedForAddressesAndTheServiceIsThePort) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  EXPECT_EQ(texts(resolver.resolve("four.test", "http")), Texts{"10.9.0.7:80"});
  EXPECT_EQ(texts(resolver.resolve("four.test", 8080)), Texts{"10.9.0.7:8080"});
  EXPECT_EQ(resolver.resolve("both.test", 1).size(), 2U);
  EXPECT_EQ(texts(resolver.resolve("both.test", 1, {.family = AF_INET6})), Texts{"[fd00:9::7]:1"});
}

TEST_F(NetResolver, NumericHostsAndNoHostAskNobody) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  EXPECT_EQ(texts(resolver.resolve("127.1", 5)), Texts{"127.0.0.1:5"});
  EXPECT_EQ(texts(resolver.resolve("::1", "https")), Texts{"[::1]:443"});
  EXPECT_EQ(texts(resolver.resolve("", 7, {.family = AF_INET})), Texts{"127.0.0.1:7"});
  EXPECT_EQ(texts(resolver.resolve("", 7, {.family = AF_INET, .flags = AI_PASSIVE})),
            Texts{"0.0.0.0:7"});
  EXPECT_EQ(server.queries("127.1"), 0);
}

TEST_F(NetResolver, ErrorsLookLikeTheSystemsResolvers) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  EXPECT_EQ(eai_of([&] { resolver.resolve("nothing.test", 1); }), EAI_NONAME);
  EXPECT_EQ(eai_of([&] { resolver.resolve("empty.test", 1); }), EAI_NODATA);
  EXPECT_EQ(eai_of([&] { resolver.resolve("broken.test", 1); }), EAI_AGAIN);
  EXPECT_EQ(eai_of([&] { resolver.resolve("four.test", "no such service"); }), EAI_SERVICE);
  EXPECT_EQ(eai_of([&] { resolver.resolve("four.test", 1, {.family = 12345}); }), EAI_FAMILY);
  EXPECT_EQ(eai_of([&] { resolver.resolve("four.test", 1, {.flags = AI_NUMERICHOST}); }),
            EAI_NONAME);
}

TEST_F(NetResolver, ServersThatDoNotAnswerAreGivenUpInTime) {
  const DnsServer server;
  ResolverOptions options = options_for(server);
  options.timeout = 20ms;
  options.tries = 2;
  Resolver resolver(options);
  EXPECT_EQ(eai_of([&] { resolver.resolve("silent.test", 1, {.family = AF_INET}); }), EAI_AGAIN);
  EXPECT_EQ(server.queries("silent.test"), 2);
}

TEST_F(NetResolver, AliasesAndCanonicalNameAreThoseOfGethostbyname) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  const HostEntry host = resolver.host("alias.test");
  EXPECT_EQ(host.name, "four.test");
  EXPECT_EQ(host.aliases, Texts{"alias.test"});
  EXPECT_EQ(texts(host.addresses), Texts{"10.9.0.7:0"});
}

TEST_F(NetResolver, SearchDomainsAndNdotsCount) {
  const DnsServer server;
  ResolverOptions options = options_for(server);
  options.domains = {{"test"}};
  options.ndots = 1;
  Resolver resolver(options);
  EXPECT_EQ(texts(resolver.resolve("four", 1, {.family = AF_INET})), Texts{"10.9.0.7:1"});
  EXPECT_EQ(server.queries("four"), 0);
  EXPECT_EQ(server.queries("four.test"), 1);
}

TEST_F(NetResolver, TheHostsFileComesFirstAndIsReadAgain) {
  const DnsServer server;
  const HostsText file("# names\n10.1.1.1  Four.test four # no others\n10.1.1.2 four.test\n");
  ResolverOptions options = options_for(server);
  options.hosts_file = file.path();
  Resolver resolver(options);
  EXPECT_EQ(texts(resolver.resolve("four.TEST", 1)), (Texts{"10.1.1.1:1", "10.1.1.2:1"}));
  EXPECT_EQ(resolver.name_of(Address::ip("10.1.1.1", 80)).host, "Four.test");
  file.write("10.1.1.33 four.test\n");
  EXPECT_EQ(texts(resolver.resolve("four.test", 1)), Texts{"10.1.1.33:1"});
  EXPECT_EQ(server.queries("four.test"), 0);
}

TEST_F(NetResolver, NamesOfAddresses) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  const NameEntry names = resolver.name_of(Address::ip("10.9.0.7", 80));
  EXPECT_EQ(names.host, "four.test");
  EXPECT_EQ(names.service, "http");
  EXPECT_EQ(resolver.name_of(Address::ip("10.9.0.8", 80)).host, "10.9.0.8");
  EXPECT_EQ(eai_of([&] { resolver.name_of(Address::ip("10.9.0.8", 80), NI_NAMEREQD); }),
            EAI_NONAME);
  EXPECT_EQ(resolver.name_of(Address::ip("10.9.0.7", 80), NI_NUMERICHOST).host, "10.9.0.7");
}

TEST_F(NetResolver, AnswersAreKeptAsLongAsTheirTtl) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  const ResolveOptions four = {.family = AF_INET};
  for (std::uint16_t i = 0; i < 3; ++i) {
    resolver.resolve("four.test", i, four);
    resolver.resolve("brief.test", i, four);
    EXPECT_EQ(eai_of([&] { resolver.resolve("nothing.test", i, four); }), EAI_NONAME);
  }
  EXPECT_EQ(server.queries("four.test"), 1);
  EXPECT_EQ(server.queries("nothing.test"), 1);
  weft::sleep(1001ms);  // brief.test's TTL
  resolver.resolve("four.test", 1, four);
  resolver.resolve("brief.test", 1, four);
  EXPECT_EQ(server.queries("four.test"), 1);
  EXPECT_EQ(server.queries("brief.test"), 2);
  resolver.flush();
  resolver.resolve("four.test", 1, four);
  EXPECT_EQ(server.queries("four.test"), 2);
}

TEST_F(NetResolver, TheCacheIsBounded) {
  const DnsServer server;
  ResolverOptions options = options_for(server);
  options.cache_entries = 1;
  Resolver resolver(options);
  const ResolveOptions four = {.family = AF_INET};
  for (int i = 0; i < 2; ++i) {
    resolver.resolve("four.test", 1, four);
    resolver.resolve("both.test", 1, four);
  }
  EXPECT_EQ(server.queries("four.test"), 2);
}

TEST_F(NetResolver, ConcurrentLookupsOfOneNameShareAQuery) {
  DnsServer server;
  Resolver resolver(options_for(server));
  std::vector<Fiber<std::size_t>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(
        spawn([&] { return resolver.resolve("held.test", 1, {.family = AF_INET}).size(); }));
  }
  server.await_queries("held.test", 1);
  server.release.set();
  for (const auto& each : all) {
    EXPECT_EQ(each.get(), 1U);
  }
  EXPECT_EQ(server.queries("held.test"), 1);
}

TEST_F(NetResolver, WhoSharesTheQueryOfAKilledFiberAsksAnew) {
  DnsServer server;
  Resolver resolver(options_for(server));
  const auto look_up = [&] { return resolver.resolve("held.test", 1, {.family = AF_INET}).size(); };
  const auto first = spawn(look_up);
  server.await_queries("held.test", 1);
  const auto second = spawn(look_up);
  weft::yield();
  first.kill();
  server.await_queries("held.test", 2);
  server.release.set();
  EXPECT_EQ(second.get(), 1U);
}

TEST_F(NetResolver, ALookupEndsWithTheTimeoutAroundIt) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  EXPECT_THROW(with_timeout(10ms, [&] { resolver.resolve("silent.test", 1); }), TimeoutError);
}

TEST_F(NetResolver, OtherFibersRunMeanwhile) {
  DnsServer server;
  Resolver resolver(options_for(server));
  const auto other = spawn([&] {
    server.await_queries("held.test", 1);
    server.release.set();
  });
  EXPECT_EQ(resolver.resolve("held.test", 1, {.family = AF_INET}).size(), 1U);
  other.join();
}

TEST_F(NetResolver, MappedAddressesAreThoseOfV4Mapped) {
  const DnsServer server;
  Resolver resolver(options_for(server));
  EXPECT_EQ(texts(resolver.resolve("four.test", 1, {.family = AF_INET6, .flags = AI_V4MAPPED})),
            Texts{"[::ffff:10.9.0.7]:1"});
}

TEST_F(NetResolver, EveryKindKnowsLocalhost) {
  for (const ResolverKind kind :
       {ResolverKind::kAres, ResolverKind::kThreadPool, ResolverKind::kBlocking}) {
    ResolverOptions options;
    options.kind = kind;
    Resolver resolver(options);
    EXPECT_EQ(texts(resolver.resolve("localhost", 80, {.family = AF_INET})), Texts{"127.0.0.1:80"});
    EXPECT_EQ(texts(resolver.host("localhost").addresses), Texts{"127.0.0.1:0"});
    EXPECT_EQ(resolver.name_of(Address::loopback(80)).host, "localhost");
  }
}

TEST_F(NetResolver, TheEnvironmentSaysWhoLooksUp) {
  ::setenv("WEFT_RESOLVER", "thread", 1);
  ::setenv("WEFT_ARES_SERVERS", "10.0.0.1,[::1]:5353,10.0.0.2:54", 1);
  ::setenv("WEFT_ARES_TIMEOUT", "0.25", 1);
  const ResolverOptions options = ResolverOptions::from_environment();
  ::setenv("WEFT_RESOLVER", "nobody", 1);
  EXPECT_EQ(error_of([] { ResolverOptions::from_environment(); }), EINVAL);
  for (const char* const name : {"WEFT_RESOLVER", "WEFT_ARES_SERVERS", "WEFT_ARES_TIMEOUT"}) {
    ::unsetenv(name);
  }
  EXPECT_EQ(options.kind, ResolverKind::kThreadPool);
  EXPECT_EQ(texts(options.servers), (Texts{"10.0.0.1:53", "[::1]:5353", "10.0.0.2:54"}));
  EXPECT_EQ(options.timeout, 250ms);
}

TEST_F(NetResolver, ATimeoutThatIsNoLengthOfTimeIsRefused) {
  for (const char* const text : {"inf", "nan", "-1", "1e300", "2147484", "x"}) {
    ::setenv("WEFT_ARES_TIMEOUT", text, 1);
    EXPECT_EQ(error_of([] { ResolverOptions::from_environment(); }), EINVAL) << text;
  }
  ::setenv("WEFT_ARES_TIMEOUT", "2147483", 1);
  EXPECT_EQ(ResolverOptions::from_environment().timeout, 2147483s);
  ::unsetenv("WEFT_ARES_TIMEOUT");
}

TEST(NetResolverOffFibers, AKernelThreadWaitsByItself) {
  ResolverOptions options;
  options.servers = {Address::loopback(9)};  // nobody
  options.timeout = 20ms;
  options.tries = 1;
  Resolver resolver(options);
  EXPECT_EQ(eai_of([&] { resolver.resolve("four.test", 1); }), EAI_AGAIN);
}

}  // namespace
}  // namespace weft::net

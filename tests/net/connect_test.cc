#include <weft/event.h>
#include <weft/net/connect.h>
#include <weft/sleep.h>
#include <weft/timeout.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "net/happy_eyeballs.h"
#include "tests/net/fixture.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

using NetConnectAny = NetTest;
using NetHappyEyeballs = NetTest;

// An address that never answers: its backlog is full.
class Silent {
 public:
  Silent()
      : listener_(Address::loopback(), {.backlog = 0}), filler_(TcpStream::connect(address())) {}
  [[nodiscard]] Address address() const { return listener_.local_address(); }

 private:
  TcpListener listener_;
  TcpStream filler_;
};

Address refusing() { return TcpListener(Address::loopback()).local_address(); }

bool has_ipv6() {
  return error_of([] { TcpListener listener(Address::loopback(0, AF_INET6)); }) == 0;
}

TEST(NetUntried, FamiliesComeByTurns) {
  const Address six1 = Address::parse("[::1]:1");
  const Address six2 = Address::parse("[::1]:2");
  const Address six3 = Address::parse("[::1]:3");
  const Address four1 = Address::parse("127.0.0.1:1");
  const Address four2 = Address::parse("127.0.0.1:2");
  Untried untried;
  untried.add({four1, six1, six2, six3, four2});
  std::vector<Address> order;
  while (!untried.empty()) {
    order.push_back(untried.take());
  }
  EXPECT_EQ(order, (std::vector<Address>{four1, six1, four2, six2, six3}));
}

TEST_F(NetConnectAny, AnAddressThatRefusesCostsNoTime) {
  TcpListener listener(Address::loopback());
  const Stopwatch watch;
  const TcpStream stream =
      connect_any({refusing(), refusing(), listener.local_address()}, {.attempt_delay = 10s});
  EXPECT_EQ(stream.remote_address(), listener.local_address());
  EXPECT_LT(watch.elapsed(), 5s);
}

TEST_F(NetConnectAny, AnAddressThatIsSilentCostsTheAttemptDelay) {
  const Silent silent;
  TcpListener listener(Address::loopback());
  const Stopwatch watch;
  const TcpStream stream =
      connect_any({silent.address(), listener.local_address()}, {.attempt_delay = 20ms});
  EXPECT_EQ(stream.remote_address(), listener.local_address());
  EXPECT_GE(watch.elapsed(), 20ms);
}

TEST_F(NetConnectAny, AllErrorsAreReported) {
  const Address first = refusing();
  const Address second = refusing();
  try {
    connect_any({first, second});
    FAIL();
  } catch (const ConnectError& error) {
    EXPECT_EQ(error.code().value(), ECONNREFUSED);
    ASSERT_EQ(error.failures().size(), 2U);
    EXPECT_EQ(error.failures()[0].address, first);
    EXPECT_EQ(error.failures()[1].address, second);
    EXPECT_NE(std::string(error.what()).find(second.to_string()), std::string::npos);
  }
  EXPECT_EQ(error_of([] { connect_any({}); }), EDESTADDRREQ);
}

TEST_F(NetConnectAny, ATimeoutEndsAllAttempts) {
  const Silent first;
  const Silent second;
  const Stopwatch watch;
  EXPECT_EQ(
      error_of([&] {
        connect_any({first.address(), second.address()}, {.timeout = 10ms, .attempt_delay = 2ms});
      }),
      ETIMEDOUT);
  EXPECT_GE(watch.elapsed(), 10ms);
}

TEST_F(NetConnectAny, ATimeoutOfTheScopeClosesAllAttempts) {
  const Silent first;
  const Silent second;
  const int before = count_fds();
  Timeout limit(5ms);
  EXPECT_THROW(connect_any({first.address(), second.address()}, {.attempt_delay = 1ms}),
               TimeoutError);
  EXPECT_EQ(count_fds(), before);
}

TEST_F(NetConnectAny, KillClosesAllAttempts) {
  const Silent first;
  const Silent second;
  const int before = count_fds();
  const auto client = spawn([&] {
    connect_any({first.address(), second.address()}, {.attempt_delay = 1ms});
  });
  await([&] { return count_fds() == before + 2; });  // one for each attempt
  client.kill();
  EXPECT_EQ(count_fds(), before);
}

TEST_F(NetConnectAny, TheLosersAreClosed) {
  const Silent silent;
  TcpListener listener(Address::loopback());
  const int before = count_fds();
  const TcpStream stream =
      connect_any({silent.address(), listener.local_address()}, {.attempt_delay = 1ms});
  EXPECT_EQ(count_fds(), before + 1);
}

TEST_F(NetConnectAny, TheSourceAddressIsBound) {
  TcpListener listener(Address::loopback());
  const TcpStream stream = connect_any({Address::parse("[::1]:1"), listener.local_address()},
                                       {.source = Address::parse("127.0.0.2:0")});
  EXPECT_EQ(stream.local_address().host(), "127.0.0.2");
}

TEST_F(NetConnectAny, ThreadsWithoutFibersConnect) {
  const Silent silent;
  TcpListener listener(Address::loopback());
  Address reached;
  std::thread([&] {
    reached = connect_any({silent.address(), refusing(), listener.local_address()},
                          {.attempt_delay = 2ms})
                  .remote_address();
  }).join();
  EXPECT_EQ(reached, listener.local_address());
}

// ---- Names

struct BothFamilies {
  TcpListener four{Address::loopback()};
  TcpListener six{Address::loopback(0, AF_INET6)};
  [[nodiscard]] std::vector<Address> of(int family) const {
    return {family == AF_INET6 ? six.local_address() : four.local_address()};
  }
};

TEST_F(NetHappyEyeballs, Ipv4WaitsALittleForTheNamesOfIpv6) {
  if (!has_ipv6()) {
    GTEST_SKIP() << "no IPv6 here";
  }
  const BothFamilies host;
  const auto slow_six = [&](int family) {
    weft::sleep(family == AF_INET6 ? 5ms : 0ms);
    return host.of(family);
  };
  const TcpStream stream = connect_by(slow_six, {.resolution_delay = 10s});
  EXPECT_EQ(stream.remote_address(), host.six.local_address());
}

TEST_F(NetHappyEyeballs, Ipv4WaitsNoLongerThanTheResolutionDelay) {
  TcpListener four(Address::loopback());
  Event never;
  const auto look_up = [&](int family) {
    if (family == AF_INET6) {
      never.wait();
    }
    return std::vector<Address>{four.local_address()};
  };
  const Stopwatch watch;
  const TcpStream stream = connect_by(look_up, {.resolution_delay = 5ms});
  EXPECT_EQ(stream.remote_address(), four.local_address());
  EXPECT_GE(watch.elapsed(), 5ms);
  weft::yield();  // the other lookup ends
}

TEST_F(NetHappyEyeballs, AFailedLookupOfIpv6IsNotWaitedFor) {
  TcpListener four(Address::loopback());
  const auto look_up = [&](int family) -> std::vector<Address> {
    if (family == AF_INET6) {
      throw std::system_error(ENOENT, std::generic_category());
    }
    return {four.local_address()};
  };
  const Stopwatch watch;
  const TcpStream stream = connect_by(look_up, {.resolution_delay = 10s});
  EXPECT_EQ(stream.remote_address(), four.local_address());
  EXPECT_LT(watch.elapsed(), 5s);
}

TEST_F(NetHappyEyeballs, AddressesThatComeLateAreTriedToo) {
  if (!has_ipv6()) {
    GTEST_SKIP() << "no IPv6 here";
  }
  const BothFamilies host;
  const auto look_up = [&](int family) {
    weft::sleep(family == AF_INET6 ? 10ms : 0ms);
    return family == AF_INET6 ? host.of(family) : std::vector<Address>{refusing()};
  };
  const TcpStream stream = connect_by(look_up, {.resolution_delay = 1ms});
  EXPECT_EQ(stream.remote_address(), host.six.local_address());
}

TEST_F(NetHappyEyeballs, ANameWithoutAddressesThrowsWhatTheLookupsThrew) {
  const auto look_up = [](int family) -> std::vector<Address> {
    throw std::system_error(family == AF_INET ? ENOENT : ENODATA, std::generic_category());
  };
  EXPECT_EQ(error_of([&] { connect_by(look_up, {}); }), ENOENT);
}

TEST_F(NetHappyEyeballs, TheTimeoutCountsForLookupsToo) {
  Event never;
  const auto look_up = [&](int) -> std::vector<Address> {
    never.wait();
    return {};
  };
  EXPECT_EQ(error_of([&] { connect_by(look_up, {.timeout = 3ms}); }), ETIMEDOUT);
  weft::yield();  // the lookups end
}

TEST_F(NetHappyEyeballs, TheFamilyOfTheSourceIsLookedUpOnly) {
  TcpListener four(Address::loopback());
  const auto look_up = [&](int family) {
    EXPECT_EQ(family, AF_INET);
    return std::vector<Address>{four.local_address()};
  };
  const TcpStream stream = connect_by(look_up, {.source = Address::loopback()});
  EXPECT_EQ(stream.remote_address(), four.local_address());
}

TEST_F(NetHappyEyeballs, NamesAndNumericHostsAreConnectedTo) {
  TcpListener listener(Address::loopback());
  const std::uint16_t port = listener.local_address().port();
  EXPECT_EQ(connect("127.0.0.1", port).remote_address(), listener.local_address());
  EXPECT_EQ(connect("localhost", std::to_string(port), {.timeout = 10s}).remote_address(),
            listener.local_address());
  std::thread([&] {
    EXPECT_EQ(connect("localhost", port).remote_address(), listener.local_address());
  }).join();
}

TEST_F(NetHappyEyeballs, NumericHostsNeedNoFibers) {
  TcpListener listener(Address::loopback());
  const int before = scheduler_->live_fibers();
  const TcpStream stream = connect("127.0.0.1", listener.local_address().port());
  EXPECT_EQ(scheduler_->live_fibers(), before);
}

}  // namespace
}  // namespace weft::net

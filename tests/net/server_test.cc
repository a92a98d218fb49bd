#include <fcntl.h>
#include <sys/resource.h>
#include <weft/event.h>
#include <weft/idle.h>
#include <weft/net/datagram_server.h>
#include <weft/net/stream_server.h>
#include <weft/net/unix_socket.h>
#include <weft/run_main.h>
#include <weft/scheduler.h>
#include <weft/sleep.h>
#include <weft/unhandled.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/socket_core.h"
#include "tests/net/fixture.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

using NetServer = NetTest;

void echo(StreamSocket& stream) {
  char room[1024];
  while (const std::size_t got = stream.read_some(room)) {
    stream.write_all({room, got});
  }
}

// A connection, once a handler has it.
TcpStream talk(const BaseServer& server) {
  TcpStream stream = TcpStream::connect(server.address());
  stream.write_all("x");
  char room[1];
  EXPECT_TRUE(stream.read_exact(room));
  return stream;
}

TEST_F(NetServer, StartAcceptsAndStopEnds) {
  StreamServer server(Address::loopback(), echo);
  EXPECT_FALSE(server.started());
  server.start();
  server.start();
  EXPECT_TRUE(server.started());
  {
    const TcpStream client = talk(server);
    EXPECT_EQ(server.active(), 1U);
  }
  EXPECT_TRUE(server.stop(10s));
  EXPECT_FALSE(server.started());
  EXPECT_EQ(server.active(), 0U);
}

TEST_F(NetServer, ItMayBeStartedAgain) {
  StreamServer server(Address::loopback(), echo);
  for (int life = 0; life < 3; ++life) {
    server.start();
    static_cast<void>(talk(server));
    EXPECT_TRUE(server.stop(10s));
  }
}

TEST_F(NetServer, TheConnectionIsClosedWhenTheHandlerReturns) {
  StreamServer server(Address::loopback(), [](StreamSocket& stream) { stream.write_all("bye"); });
  server.start();
  TcpStream client = TcpStream::connect(server.address());
  EXPECT_EQ(read_rest(client), "bye");
}

TEST_F(NetServer, AHandlerMayMoveTheConnectionAway) {
  StreamSocket kept;
  StreamServer server(Address::loopback(), [&](StreamSocket& stream) { kept = std::move(stream); });
  server.start();
  TcpStream client = TcpStream::connect(server.address());
  await([&] { return kept.is_open(); });
  server.stop(10s);
  kept.write_all("still here");
  kept.close();
  EXPECT_EQ(read_rest(client), "still here");
}

TEST_F(NetServer, HandlersKnowThePeer) {
  Address seen;
  StreamServer server(Address::loopback(),
                      [&](StreamSocket&, const Address& peer) { seen = peer; });
  server.start();
  TcpStream client = TcpStream::connect(server.address());
  EXPECT_EQ(read_rest(client), "");
  EXPECT_EQ(seen, client.local_address());
}

TEST_F(NetServer, AHandlersErrorIsUnhandledAndEndsThatHandlerOnly) {
  static std::atomic<int> failures;
  failures = 0;
  const auto before = on_unhandled([](const Unhandled&) { ++failures; });
  StreamServer server(Address::loopback(), [](StreamSocket& stream) {
    if (stream.read_line() == "fail") {
      throw std::runtime_error("as asked");
    }
    stream.write_all("fine");
  });
  server.start();
  TcpStream bad = TcpStream::connect(server.address());
  bad.write_all("fail\n");
  EXPECT_EQ(read_rest(bad), "");
  TcpStream good = TcpStream::connect(server.address());
  good.write_all("\n");
  EXPECT_EQ(read_rest(good), "fine");
  server.stop(10s);
  EXPECT_EQ(failures, 1);
  on_unhandled(before);
}

TEST_F(NetServer, AFullPoolAcceptsNoMore) {
  StreamServer server(Address::loopback(), echo, {.pool = 2});
  server.start();
  TcpStream first = talk(server);
  const TcpStream second = talk(server);
  EXPECT_TRUE(server.full());
  const auto third = spawn([&] { return talk(server).is_open(); });
  weft::idle();
  EXPECT_FALSE(third.ready());
  EXPECT_EQ(server.active(), 2U);
  first.close();
  EXPECT_TRUE(third.get());
}

TEST_F(NetServer, StopWaitsForHandlers) {
  Event finish;
  bool finished = false;
  StreamServer server(Address::loopback(), [&](StreamSocket& stream) {
    stream.write_all("x");
    finish.wait();
    finished = true;
  });
  server.start();
  TcpStream client = TcpStream::connect(server.address());
  char room[1];
  EXPECT_TRUE(client.read_exact(room));
  const auto stopper = spawn([&] { return server.stop(10s); });
  weft::yield();
  EXPECT_FALSE(server.started());
  EXPECT_FALSE(stopper.ready());
  finish.set();
  EXPECT_TRUE(stopper.get());
  EXPECT_TRUE(finished);
}

TEST_F(NetServer, StopKillsHandlersAtItsDeadline) {
  StreamServer server(Address::loopback(), echo, {.stop_timeout = 3ms});
  server.start();
  TcpStream client = talk(server);
  const Stopwatch watch;
  EXPECT_FALSE(server.stop());
  EXPECT_GE(watch.elapsed(), 3ms);
  EXPECT_EQ(server.active(), 0U);
  EXPECT_EQ(read_rest(client), "");
}

// Whether the handler had begun when stop() was called.
bool begins_before_stop() {
  bool has_begun = false;
  TcpListener listener(Address::loopback());
  const TcpStream client = TcpStream::connect(listener.local_address());
  StreamServer server(std::move(listener), [&](StreamSocket&) { has_begun = true; }, {.pool = 5});
  server.start();
  while (server.active() == 0 && !has_begun) {
    weft::yield();
  }
  const bool was_early = has_begun;
  server.stop(0s);
  EXPECT_EQ(server.active(), 0U);
  return was_early;
}

TEST_F(NetServer, StopLeavesNoHandlerBehind) {
  int early = 0;
  constexpr int kRuns = 50;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    early += weft::run({.seed = seed}, begins_before_stop) ? 1 : 0;
  }
  EXPECT_GT(early, 0);
  EXPECT_LT(early, kRuns) << "no stop() met a handler that had not begun";
}

TEST_F(NetServer, AHandlerMayStopItsServer) {
  StreamServer server(Address::loopback(), [&](StreamSocket& stream) {
    static_cast<void>(stream.read_line());
    server.stop(10s);
    stream.write_all("stopped");
  });
  server.start();
  TcpStream client = TcpStream::connect(server.address());
  client.write_all("\n");
  EXPECT_EQ(read_rest(client), "stopped");
}

TEST_F(NetServer, CloseLetsHandlersGoOn) {
  StreamServer server(Address::loopback(), echo);
  server.start();
  const Address address = server.address();
  TcpStream client = talk(server);
  server.close();
  EXPECT_FALSE(server.started());
  weft::yield();  // the acceptor leaves the socket
  EXPECT_EQ(error_of([&] { TcpStream::connect(address); }), ECONNREFUSED);
  client.write_all("y");
  char room[1];
  EXPECT_TRUE(client.read_exact(room));
  EXPECT_EQ(room[0], 'y');
}

TEST_F(NetServer, TheDestructorKillsHandlers) {
  TcpStream client;
  {
    StreamServer server(Address::loopback(), echo);
    server.start();
    client = talk(server);
  }
  EXPECT_EQ(read_rest(client), "");
}

TEST_F(NetServer, ServeForeverReturnsWhenItIsStopped) {
  StreamServer server(Address::loopback(), echo);
  const auto forever = spawn([&] { server.serve_forever(); });
  await([&] { return server.started(); });
  static_cast<void>(talk(server));
  EXPECT_FALSE(forever.ready());
  server.stop(10s);
  forever.get();
}

TEST_F(NetServer, AKilledServeForeverStops) {
  StreamServer server(Address::loopback(), echo, {.stop_timeout = 1ms});
  const auto forever = spawn([&] { server.serve_forever(); });
  await([&] { return server.started(); });
  const TcpStream client = talk(server);
  forever.kill();
  EXPECT_FALSE(server.started());
  EXPECT_EQ(server.active(), 0U);
}

TEST_F(NetServer, FatalErrorsEndIt) {
  // It is bound, but does not listen: EINVAL.
  StreamListener deaf{Socket(AF_INET, SOCK_STREAM)};
  deaf.bind(Address::loopback());
  StreamServer server(std::move(deaf), echo);
  EXPECT_EQ(error_of([&] { server.serve_forever(); }), EINVAL);
  EXPECT_FALSE(server.started());
  EXPECT_EQ(error_of([&] { server.start(); }), EBADF) << "what was given is used up";
}

TEST_F(NetServer, AnAddressInUseThrowsAtStart) {
  const TcpListener other(Address::loopback());
  StreamServer server(other.local_address(), echo);
  EXPECT_EQ(error_of([&] { server.start(); }), EADDRINUSE);
  EXPECT_FALSE(server.started());
}

// No descriptor is to be had as long as it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_ = {};
};

TEST_F(NetServer, WithoutDescriptorsItBacksOffAndGoesOn) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP()
      << "UBSan looks at objects through a pipe, and has no descriptors for it here either";
#endif
  std::vector<int> errors;
  std::vector<std::chrono::nanoseconds> moments;
  const Stopwatch watch;
  ServerOptions options = {.min_delay = 1ms, .max_delay = 4ms};
  options.on_accept_error = [&](const std::system_error& error) {
    errors.push_back(error.code().value());
    moments.push_back(watch.elapsed());
  };
  StreamServer server(Address::loopback(), echo, options);
  server.start();
  StreamSocket client(Socket(AF_INET, SOCK_STREAM));
  {
    const NoDescriptors shortage;
    client.connect(server.address());
    await([&] { return errors.size() >= 5; });
  }
  EXPECT_EQ(errors, std::vector<int>(errors.size(), EMFILE));
  EXPECT_GE(moments[1] - moments[0], 1ms);
  EXPECT_GE(moments[2] - moments[1], 2ms);
  EXPECT_GE(moments[4] - moments[3], 4ms);
  EXPECT_LT(moments[4] - moments[3], 2s);
  client.write_all("x");
  char room[1];
  EXPECT_TRUE(client.read_exact(room)) << "it has accepted after all";
}

TEST_F(NetServer, MaxAcceptLetsHandlersRunInBetween) {
  TcpListener listener(Address::loopback());
  std::vector<TcpStream> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(TcpStream::connect(listener.local_address()));
  }
  std::vector<std::size_t> waiting;
  StreamServer server(std::move(listener),
                      [&](StreamSocket&) { waiting.push_back(server.active()); },
                      {.max_accept = 3});
  server.start();
  for (TcpStream& client : clients) {
    EXPECT_EQ(read_rest(client), "");
  }
  ASSERT_EQ(waiting.size(), 9U);
  EXPECT_GE(*std::ranges::max_element(waiting), 2U) << "several are accepted in a row";
  EXPECT_LE(*std::ranges::max_element(waiting), 4U);
}

TEST_F(NetServer, SeveralWorkersAccept) {
  Scheduler pool{.workers = 2};
  StreamServer server(Address::loopback(), echo, {.scheduler = &pool, .acceptors = 2});
  server.start();
  std::vector<Fiber<void>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(spawn([&] { static_cast<void>(talk(server)); }));
  }
  EXPECT_TRUE(joinall(10s, clients));
  EXPECT_TRUE(server.stop(10s));
}

TEST_F(NetServer, UnixAddressesAreServed) {
  StreamServer server(Address::unix_path(""), echo);
  server.start();
  UnixStream client = UnixStream::connect(server.address());
  client.write_all("hello");
  client.shutdown(Half::kWrite);
  EXPECT_EQ(read_rest(client), "hello");
}

TEST_F(NetServer, DatagramsAreHandled) {
  DatagramServer server(Address::loopback(), [](auto data, const Address& from, UdpSocket& socket) {
    socket.send_to(std::string(data) + "!", from);
  });
  server.start();
  UdpSocket client(Address::loopback());
  char room[16];
  for (const char* text : {"one", "two"}) {
    client.send_to(text, server.address());
    EXPECT_EQ(std::string(room, client.receive(room)), std::string(text) + "!");
  }
  server.send_to("by itself", client.local_address());
  EXPECT_EQ(std::string(room, client.receive(room)), "by itself");
  EXPECT_TRUE(server.stop(10s));
}

TEST_F(NetServer, DatagramHandlersAreKilledToo) {
  Event never;
  DatagramServer server(Address::loopback(),
                        [&](auto, const Address&, UdpSocket&) { never.wait(); }, {.pool = 1});
  server.start();
  UdpSocket client(AF_INET);
  client.send_to("x", server.address());
  client.send_to("x", server.address());
  await([&] { return server.full(); });
  EXPECT_FALSE(server.stop(1ms));
}

// Has no memory for what it accepts first.
class ShortOfMemory final : public weft::detail::SocketCore<UdpSocket> {
 public:
  using SocketCore::SocketCore;
  std::atomic<bool> has_worked{false};

 protected:
  UdpSocket make(const Address& address) override { return UdpSocket(address); }
  std::unique_ptr<weft::detail::Job> accept() override {
    if (!was_short_.exchange(true)) {
      throw std::bad_alloc();
    }
    static_cast<void>(own_socket()->receive({}));
    return std::make_unique<Work>(*this);
  }

 private:
  struct Work final : weft::detail::Job {
    explicit Work(ShortOfMemory& of) : server(of) {}
    void run() override { server.has_worked = true; }
    ShortOfMemory& server;
  };
  std::atomic<bool> was_short_{false};
};

TEST_F(NetServer, WithoutMemoryItBacksOffAndGoesOn) {
  std::vector<int> errors;
  ServerOptions options = {.min_delay = 1ms};
  options.on_accept_error = [&](const std::system_error& error) {
    errors.push_back(error.code().value());
  };
  const auto server = std::make_shared<ShortOfMemory>(Address::loopback(), options);
  server->start();
  UdpSocket client(AF_INET);
  client.send_to("x", server->socket()->local_address());
  await([&] { return server->has_worked.load(); });
  EXPECT_EQ(errors, std::vector{ENOMEM});
  EXPECT_TRUE(server->stop(weft::detail::kNever));
}

TEST_F(NetServer, AStartThatFailsHalfwayLeavesItClosed) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP()
      << "UBSan looks at objects through a pipe, and has no descriptors for it here either";
#endif
  std::thread([] {
    StreamServer server(StreamListener(Address::loopback()), echo);
    {
      const NoDescriptors shortage;  // this thread's first fiber needs some
      EXPECT_EQ(error_of([&] { server.start(); }), EAGAIN);
    }
    EXPECT_FALSE(server.started());
    EXPECT_EQ(error_of([&] { server.serve_forever(); }), EBADF);
  }).join();
}

TEST_F(NetServer, StopGoesByTheClockOfASeededRun) {
  const auto stops_within = [](std::chrono::nanoseconds timeout) {
    StreamServer server(Address::loopback(), [](StreamSocket&) { weft::sleep(1h); });
    server.start();
    const TcpStream client = TcpStream::connect(server.address());
    await([&] { return server.active() == 1; });
    return server.stop(timeout);
  };
  Scheduler seeded{.seed = 5};
  EXPECT_TRUE(seeded.spawn(stops_within, 2h).get());
  EXPECT_FALSE(seeded.spawn(stops_within, 30min).get());
}

TEST_F(NetServer, ADatagramsHandlerHasTheSocketThatItCameBy) {
  Event go;
  int error = 0;
  DatagramServer server(Address::loopback(), [&](auto, const Address& from, UdpSocket& socket) {
    go.wait();
    error = error_of([&] { socket.send_to("late", from); });
  });
  server.start();
  UdpSocket client(AF_INET);
  client.send_to("x", server.address());
  await([&] { return server.active() == 1; });
  server.close();
  EXPECT_EQ(error_of([&] { server.send_to("x", client.local_address()); }), EBADF);
  server.start();
  go.set();
  await([&] { return server.active() == 0; });
  EXPECT_EQ(error, EBADF) << "its own was closed";
  server.send_to("x", client.local_address());
}

}  // namespace
}  // namespace weft::net

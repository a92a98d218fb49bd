#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weft/net/stream.h>
#include <weft/net/tcp.h>
#include <weft/scheduler.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/fixture.h"
#include "tests/support/fd.h"
#include "tests/support/temporary.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

static_assert(Stream<TcpStream>);

class NetStream : public NetTest {
 protected:
  void feed(std::string_view text) { b_.write_all(text); }
  std::pair<TcpStream, TcpStream> ends_ = tcp_pair();
  TcpStream& a_ = ends_.first;
  TcpStream& b_ = ends_.second;

  void TearDown() override {
    a_.close();
    b_.close();
    NetTest::TearDown();
  }
  void SetUp() override {
    ends_ = {};
    NetTest::SetUp();
    ends_ = tcp_pair();
  }
};

TEST_F(NetStream, ReadSomeReturnsWhatIsThere) {
  feed("hello");
  std::vector<char> room(100);
  EXPECT_EQ(a_.read_some(room), 5U);
  EXPECT_EQ(std::string(room.data(), 5), "hello");
  b_.close();
  EXPECT_EQ(a_.read_some(room), 0U);
  EXPECT_EQ(a_.read_some(room), 0U);
}

TEST_F(NetStream, PeekLeavesTheBytes) {
  feed("abc");
  std::array<std::byte, 2> room = {};
  EXPECT_EQ(a_.peek(room), 2U);
  b_.close();
  EXPECT_EQ(read_rest(a_), "abc");
}

TEST_F(NetStream, SendallGoesInPiecesWhileItIsRead) {
  const std::string big(3'000'000, 'x');
  const auto writer = spawn([&] {
    a_.write_all(big);
    a_.close();
  });
  EXPECT_EQ(read_rest(b_), big);
  writer.get();
}

TEST_F(NetStream, WriteSomeTakesWhatThereIsRoomFor) {
  const std::string big(20'000'000, 'x');
  const std::size_t taken = a_.write_some(big);
  EXPECT_GT(taken, 0U);
  EXPECT_LT(taken, big.size());
}

TEST_F(NetStream, WriteGatherKeepsTheOrder) {
  std::string expected;
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) {
    texts.push_back(
        std::string(static_cast<std::size_t>(i % 3) * 5000, static_cast<char>('a' + i % 26)));
    expected += texts.back();
  }
  const std::vector<Bytes> pieces(texts.begin(), texts.end());
  const auto writer = spawn([&] {
    a_.write_gather(pieces);
    a_.write_gather({"tail", "", "s"});
    a_.close();
  });
  EXPECT_EQ(read_rest(b_), expected + "tails");
  writer.get();
}

TEST_F(NetStream, ReadExactFillsTheRoom) {
  const auto writer = spawn([&] {
    feed("ab");
    weft::yield();
    feed("cdef");
    b_.close();
  });
  char room[3] = {};
  ASSERT_TRUE(a_.read_exact(room));
  EXPECT_EQ(std::string(room, 3), "abc");
  ASSERT_TRUE(a_.read_exact(room));
  EXPECT_FALSE(a_.read_exact(room)) << "the end is no error between two";
  writer.get();
}

TEST_F(NetStream, ReadExactThatEndsInTheMiddleIsEnodata) {
  feed("ab");
  b_.close();
  char room[3] = {};
  EXPECT_EQ(error_of([&] { static_cast<void>(a_.read_exact(room)); }), ENODATA);
}

TEST_F(NetStream, ReadUntilStopsBehindTheDelimiter) {
  const auto writer = spawn([&] {
    feed("one\r");
    weft::yield();
    feed("\n\r\ntwo\r\n");
    b_.close();
  });
  EXPECT_EQ(a_.read_until("\r\n"), "one\r\n");
  EXPECT_EQ(a_.read_until("\r\n"), "\r\n");
  EXPECT_EQ(a_.read_until("\r\n"), "two\r\n");
  EXPECT_EQ(a_.read_until("\r\n"), std::nullopt);
  writer.get();
}

TEST_F(NetStream, ReadUntilThatEndsInTheMiddleIsEnodata) {
  feed("half");
  b_.close();
  EXPECT_EQ(error_of([&] { static_cast<void>(a_.read_until("\n")); }), ENODATA);
}

TEST_F(NetStream, ReadUntilBeyondItsLimitIsEmsgsize) {
  feed(std::string(5000, 'x') + "\n");
  EXPECT_EQ(error_of([&] { static_cast<void>(a_.read_until("\n", 4999)); }), EMSGSIZE);
}

TEST_F(NetStream, ReadLineDropsTheLineEnd) {
  feed("one\ntwo\r\n\nlast");
  b_.close();
  EXPECT_EQ(a_.read_line(), "one");
  EXPECT_EQ(a_.read_line(), "two");
  EXPECT_EQ(a_.read_line(), "");
  EXPECT_EQ(a_.read_line(), "last");
  EXPECT_EQ(a_.read_line(), std::nullopt);
}

TEST_F(NetStream, SendfileSendsPartOfAFile) {
  const TemporaryFile temporary;
  const Fd file(::open(temporary.path().c_str(), O_RDWR));
  const std::string text(1'000'000, 'y');
  ASSERT_EQ(::write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(::write(file, "end", 3), 3);
  const auto writer = spawn([&] {
    const std::uint64_t all = a_.sendfile(file, 10, 10'000'000);
    a_.close();
    return all;
  });
  EXPECT_EQ(read_rest(b_), text.substr(10) + "end");
  EXPECT_EQ(writer.get(), text.size() - 7);
}

TEST_F(NetStream, APeerThatHasGoneIsEpipeWithoutASignal) {
  ASSERT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL);
  b_.close();
  int error = 0;
  while (error == 0) {
    error = error_of([&] { a_.write_all("x"); });
  }
  EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << error;
}

TEST_F(NetStream, SendfileToAPeerThatHasGoneIsEpipeWithoutASignal) {
  ASSERT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL);
  const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  b_.close();
  int error = 0;
  while (error == 0) {
    error = error_of([&] { a_.sendfile(file, 0, 1); });
  }
  EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << error;
  EXPECT_EQ(error_of([&] { a_.sendfile(file, 0, 1); }), EPIPE);
}

TEST_F(NetStream, ThreadsWithoutFibersTalk) {
  std::thread echo([&] {
    char room[16];
    while (const std::size_t got = b_.read_some(room)) {
      b_.write_all({room, got});
    }
  });
  for (int i = 0; i < 20; ++i) {
    a_.write_all("ping");
    char room[4];
    ASSERT_TRUE(a_.read_exact(room));
  }
  a_.shutdown(Half::kWrite);
  echo.join();
}

TEST_F(NetStream, AConnectionThatIsAlwaysReadyStarvesNobody) {
  bool others_ran = false;
  const auto other = spawn([&] { others_ran = true; });
  char room[1];
  int calls = 0;
  for (; calls < 1000 && !others_ran; ++calls) {
    feed("x");
    static_cast<void>(a_.read_some(room));
  }
  EXPECT_TRUE(others_ran) << calls;
  other.join();
}

TEST_F(NetStream, OneEpollRegistrationPerConnection) {
  auto& count = scheduler_->hub().counters.registrations;
  const std::uint64_t before = count;
  const auto echo = spawn([&] {
    char room[16];
    while (const std::size_t got = b_.read_some(room)) {
      b_.write_all({room, got});
    }
  });
  for (int i = 0; i < 100; ++i) {
    a_.write_all("ping");
    char room[4];
    ASSERT_TRUE(a_.read_exact(room));
  }
  a_.close();
  echo.join();
  EXPECT_LE(count - before, 2U);
}

TEST(NetConnect, ARefusedPortIsEconnrefused) {
  Address gone;
  { gone = TcpListener(Address::loopback()).local_address(); }
  EXPECT_EQ(error_of([&] { TcpStream::connect(gone); }), ECONNREFUSED);
}

TEST(NetListener, AcceptWaitsForAConnection) {
  TcpListener listener(Address::loopback());
  Address peer;
  const auto server = spawn([&] { return listener.accept(&peer).local_address(); });
  weft::yield();
  EXPECT_FALSE(server.ready());
  const TcpStream client = TcpStream::connect(listener.local_address());
  EXPECT_EQ(server.get(), listener.local_address());
  EXPECT_EQ(peer, client.local_address());
}

TEST(NetListener, SeveralFibersOfSeveralSchedulersAccept) {
  TcpListener listener(Address::loopback());
  Scheduler pool{.workers = 2};
  std::vector<Fiber<void>> acceptors;
  for (int i = 0; i < 4; ++i) {
    const auto accept_five = [&] {
      for (int n = 0; n < 5; ++n) {
        listener.accept().write_all("hi");
      }
    };
    acceptors.push_back(i % 2 == 0 ? pool.spawn(accept_five) : spawn(accept_five));
  }
  std::vector<TcpStream> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(TcpStream::connect(listener.local_address()));
    EXPECT_EQ(read_rest(clients.back()), "hi");
  }
  EXPECT_TRUE(joinall(10s, acceptors));
}

}  // namespace
}  // namespace weft::net

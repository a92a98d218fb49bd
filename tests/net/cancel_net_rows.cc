// The waits of net/, for cancel_everywhere_test.cc. Left out are those that leave nothing to be
// used again: connect() and lookups, which connect_test.cc and resolver_test.cc call off. The
// others are made of these: sendfile(), UnixStream's reads, servers; TlsStream, which has a test
// program of its own.
#include <sys/socket.h>
#include <weft/mutex.h>
#include <weft/net/buffered_stream.h>
#include <weft/net/stream.h>
#include <weft/net/tcp.h>
#include <weft/net/udp.h>
#include <weft/net/unix_socket.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/net/fixture.h"
#include "tests/runtime/cancel_rows.h"

namespace weft::test {
namespace {

using net::TcpListener;
using net::TcpStream;
using net::UdpSocket;
using net::UnixStream;

// ---- one message, which who has read it sends again

template <class Read>
Rig stream_rig(Read read) {
  const auto ends = std::make_shared<std::pair<TcpStream, TcpStream>>(tcp_pair());
  const auto wake = [=] { ends->second.write_all("message\n"); };
  return {.wait = [=] { read(ends->first); }, .wake = wake, .give_back = wake, .is_indirect = true};
}

// One reads at a time, with what all have read ahead.
template <class Read>
Rig buffered_rig(Read read) {
  struct Reader {
    explicit Reader(TcpStream&& end) : stream(std::move(end)) {}
    Mutex mutex;
    net::BufferedStream<TcpStream> stream;
  };
  auto ends = tcp_pair();
  const auto reader = std::make_shared<Reader>(std::move(ends.first));
  const auto writer = std::make_shared<TcpStream>(std::move(ends.second));
  const auto wake = [=] { writer->write_all("message\n"); };
  const auto wait = [=] {
    const std::lock_guard hold(reader->mutex);
    read(reader->stream);
  };
  return {.wait = wait, .wake = wake, .give_back = wake, .is_indirect = true};
}

template <class Receive>
Rig datagram_rig(Receive receive) {
  const auto socket = std::make_shared<UdpSocket>(net::Address::loopback());
  const auto wake = [=] { socket->send_to("message\n", socket->local_address()); };
  return {.wait = [=] { receive(*socket); }, .wake = wake, .give_back = wake, .is_indirect = true};
}

std::vector<Row> read_rows() {
  return {
      {"TcpStream::read_some",
       [] {
         return stream_rig([](TcpStream& s) {
           std::array<char, 8> room = {};
           EXPECT_EQ(s.read_some(room), 8U);
         });
       }},
      {"read_exact",
       [] {
         return stream_rig([](TcpStream& s) {
           std::array<char, 8> room = {};
           EXPECT_TRUE(net::read_exact(s, room));
         });
       }},
      {"TcpStream::peek",
       [] {
         return stream_rig([](TcpStream& s) {
           std::array<char, 8> room = {};
           EXPECT_EQ(s.peek(room), 8U);
           EXPECT_TRUE(net::read_exact(s, room));
         });
       }},
      {"TcpStream::read_line",
       [] { return stream_rig([](TcpStream& s) { EXPECT_EQ(s.read_line(), "message"); }); }},
      {"TcpStream::read_until",
       [] { return stream_rig([](TcpStream& s) { EXPECT_EQ(s.read_until("\n"), "message\n"); }); }},
      {"BufferedStream::read_line",
       [] { return buffered_rig([](auto& s) { EXPECT_EQ(s.read_line(), "message"); }); }},
      {"BufferedStream::read_until",
       [] { return buffered_rig([](auto& s) { EXPECT_EQ(s.read_until("\n"), "message\n"); }); }},
      {"UdpSocket::receive_from",
       [] {
         return datagram_rig([](UdpSocket& s) {
           std::array<char, 8> room = {};
           EXPECT_EQ(s.receive_from(room).size, 8U);
         });
       }},
  };
}

// ---- one connection, whose peer connects again

std::vector<Row> accept_rows() {
  return {
      {"TcpListener::accept",
       [] {
         const auto listener = std::make_shared<TcpListener>(net::Address::loopback());
         const auto wake = [=] { TcpStream::connect(listener->local_address()); };
         return Rig{.wait = [=] { EXPECT_TRUE(listener->accept().is_open()); },
                    .wake = wake,
                    .give_back = wake,
                    .is_indirect = true};
       }},
  };
}

// ---- room to write

Rig write_rig(void (*write)(UnixStream&)) {
  const auto ends = std::make_shared<std::pair<UnixStream, UnixStream>>(UnixStream::pair());
  const std::string block(4096, 'x');
  while (::send(ends->first.fileno(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >
         0) {
  }
  const auto drain = [=] {
    std::array<char, 4096> room = {};
    while (::recv(ends->second.fileno(), room.data(), room.size(), MSG_DONTWAIT) > 0) {
    }
  };
  return {
      .wait = [=] { write(ends->first); }, .wake = drain, .wakes_all = true, .is_indirect = true};
}

std::vector<Row> write_rows() {
  return {
      {"UnixStream::write_some",
       [] { return write_rig([](UnixStream& s) { EXPECT_GT(s.write_some("x"), 0U); }); }},
      {"UnixStream::write_all",
       [] { return write_rig([](UnixStream& s) { s.write_all("xyz"); }); }},
      {"UnixStream::write_gather",
       [] { return write_rig([](UnixStream& s) {
              s.write_gather({"x", "yz"});
            }); }},
  };
}

}  // namespace

std::vector<Row> all_cancel_rows() { return joined({read_rows(), accept_rows(), write_rows()}); }

}  // namespace weft::test

#include <weft/net/udp.h>

#include <cerrno>
#include <string>

#include "tests/net/fixture.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

using NetUdp = NetTest;

TEST_F(NetUdp, SendToReachesReceiveFrom) {
  UdpSocket server(Address::loopback());
  UdpSocket client(Address::loopback());
  const auto receiver = spawn([&] {
    char room[16];
    const Datagram got = server.receive_from(room);
    server.send_to({room, got.size}, got.from);
    return got;
  });
  weft::yield();
  EXPECT_FALSE(receiver.ready());
  client.send_to("hello", server.local_address());
  char room[16];
  EXPECT_EQ(std::string(room, client.receive(room)), "hello");
  EXPECT_EQ(receiver.get().from, client.local_address());
  EXPECT_FALSE(receiver.get().is_truncated);
}

TEST_F(NetUdp, WhatIsTooLargeForTheRoomIsCut) {
  UdpSocket server(Address::loopback());
  UdpSocket client(AF_INET);
  client.send_to("hello", server.local_address());
  client.send_to("", server.local_address());
  char room[3];
  const Datagram cut = server.receive_from(room);
  EXPECT_EQ(cut.size, 3U);
  EXPECT_TRUE(cut.is_truncated);
  EXPECT_EQ(server.receive_from(room).size, 0U) << "an empty datagram is one";
}

TEST_F(NetUdp, AConnectedSocketHearsOfItsPeerOnly) {
  UdpSocket server(Address::loopback());
  UdpSocket client(Address::loopback());
  UdpSocket stranger(Address::loopback());
  client.connect(server.local_address());
  stranger.send_to("no", client.local_address());
  server.send_to("yes", client.local_address());
  char room[8];
  EXPECT_EQ(std::string(room, client.receive(room)), "yes");
  client.send("x");
  EXPECT_EQ(server.receive_from(room).from, client.local_address());
}

TEST_F(NetUdp, APeerThatDoesNotListenIsEconnrefused) {
  Address gone;
  { gone = UdpSocket(Address::loopback()).local_address(); }
  UdpSocket client(AF_INET);
  client.connect(gone);
  client.send("x");
  char room[1];
  EXPECT_EQ(error_of([&] { static_cast<void>(client.receive(room)); }), ECONNREFUSED);
}

TEST_F(NetUdp, ReusePortSharesAnAddress) {
  UdpSocket first(Address::loopback(), {.reuse_port = true});
  UdpSocket second(first.local_address(), {.reuse_port = true});
  EXPECT_EQ(first.local_address(), second.local_address());
  EXPECT_EQ(error_of([&] { UdpSocket third(first.local_address()); }), EADDRINUSE);
}

TEST_F(NetUdp, BroadcastMustBeAllowed) {
  UdpSocket socket(AF_INET);
  const Address everybody = Address::ip4("255.255.255.255", 9);
  EXPECT_EQ(error_of([&] { socket.send_to("x", everybody); }), EACCES);
  socket.set_broadcast(true);
  EXPECT_NE(socket.option(SOL_SOCKET, SO_BROADCAST), 0);
  const UdpSocket from_the_start(AF_INET, {.broadcast = true});
  EXPECT_NE(from_the_start.option(SOL_SOCKET, SO_BROADCAST), 0);
}

}  // namespace
}  // namespace weft::net

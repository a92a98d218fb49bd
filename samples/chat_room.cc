// chat_room.cc: what one member says goes to all. The first line of each is its name.
//
//     chat_room [ADDRESS]       127.0.0.1:0 if not given: any free port
#include <weft/net/buffered_stream.h>
#include <weft/net/stream_server.h>
#include <weft/weft.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <set>
#include <string>

namespace net = weft::net;

namespace {

struct Member {
  explicit Member(net::StreamSocket&& from) : stream(std::move(from)) {}
  net::BufferedStream<net::StreamSocket> stream;
  weft::Queue<std::string> messages{100};
};
// Fibers of one thread take turns where they wait: no lock is needed. Who is slow misses some.
std::set<std::shared_ptr<Member>> room;
void say(const std::string& text) {
  for (const auto& member : room) member->messages.try_put(text);
}

void serve(net::StreamSocket& connection) {
  const auto me = std::make_shared<Member>(std::move(connection));
  const std::string name = me->stream.read_line().value_or("nobody");
  weft::spawn([me] {
    for (const std::string& text : me->messages) me->stream.stream().write_all(text + "\n");
  });
  room.insert(me);
  say(name + " is here");
  try {
    while (const auto line = me->stream.read_line()) say(name + ": " + *line);
  } catch (const std::exception&) {  // gone without a word
  }
  room.erase(me);
  me->messages.shutdown();
  me->stream.stream().close();  // its writer may be waiting for somebody who does not read
  say(name + " has left");
}

}  // namespace

int main(int argc, char** argv) try {
  weft::on_unhandled([](const weft::Unhandled&) {});  // who has gone can't be written to
  net::StreamServer server(net::Address::parse(argc > 1 ? argv[1] : "127.0.0.1:0"), serve);
  server.start();
  std::printf("listening on %s\n", server.address().to_string().c_str());
  std::fflush(stdout);
  server.serve_forever();
} catch (const std::exception& error) {
  std::fprintf(stderr, "chat_room: %s\n", error.what());
  return 1;
}

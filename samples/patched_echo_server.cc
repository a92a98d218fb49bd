// patched_echo_server.cc: a blocking server, a fiber per connection: all that is not libc's are the
// two calls of weft. echo_threads.c is the same in plain C, for `weft run`.
//
// Usage: patched_echo_server [PORT]; port 0 (the default) takes any free one.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weft/patch.h>
#include <weft/weft.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

void handle_request(int conn, sockaddr_in addr) {
  char data[1024];
  long bytes = 0;
  for (ssize_t n = 0; (n = recv(conn, data, sizeof data, 0)) > 0; bytes += n) {
    if (send(conn, data, static_cast<size_t>(n), MSG_NOSIGNAL) != n) {
      break;
    }
  }
  close(conn);
  std::printf("port %d has sent %ld bytes\n", ntohs(addr.sin_port), bytes);
}

}  // namespace

int main(int argc, char** argv) {
  weft::patch_all();
  const int sock = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in addr = {};
  socklen_t size = sizeof addr;
  addr.sin_family = AF_INET;
  addr.sin_port = htons(static_cast<in_port_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const address = reinterpret_cast<sockaddr*>(&addr);
  if (bind(sock, address, size) != 0 || listen(sock, 128) != 0 ||
      getsockname(sock, address, &size) != 0) {
    std::perror("patched_echo_server");
    return 1;
  }
  std::printf("listening on 127.0.0.1:%d\n", ntohs(addr.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int conn = accept(sock, address, &size);
    if (conn < 0) {
      std::perror("patched_echo_server: accept");
      return 1;
    }
    weft::spawn(handle_request, conn, addr);
  }
}

// echo_uring.cc: an echo server as a loop over io_uring, by hand: the limit of completions.
#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/bench/echo.h"

namespace {

enum class Step : std::uint8_t { kAccept, kReceive, kSend };

struct Server {
  using Buffer = std::array<char, bench::kBuffer>;
  io_uring ring{};
  std::vector<std::unique_ptr<Buffer>> buffers;  // by descriptor

  io_uring_sqe* entry(Step step, int fd) {
    io_uring_sqe* made = io_uring_get_sqe(&ring);
    while (made == nullptr) {
      io_uring_submit(&ring);
      made = io_uring_get_sqe(&ring);
    }
    made->user_data = static_cast<std::uint64_t>(step) << 32 | static_cast<std::uint32_t>(fd);
    return made;
  }
  // Preparing clears the entry, but for what it is about.
  template <class Prepare>
  void add(Step step, int fd, Prepare prepare) {
    io_uring_sqe* const made = entry(step, fd);
    const std::uint64_t about = made->user_data;
    prepare(made);
    made->user_data = about;
  }
  void accept(int listener) {
    add(Step::kAccept, listener, [&](io_uring_sqe* made) {
      io_uring_prep_multishot_accept(made, listener, nullptr, nullptr, 0);
    });
  }
  void receive(int fd) {
    add(Step::kReceive, fd, [&](io_uring_sqe* made) {
      io_uring_prep_recv(made, fd, buffers[static_cast<std::size_t>(fd)]->data(), bench::kBuffer,
                         0);
    });
  }
  void send(int fd, std::size_t size) {
    add(Step::kSend, fd, [&](io_uring_sqe* made) {
      io_uring_prep_send(made, fd, buffers[static_cast<std::size_t>(fd)]->data(), size,
                         MSG_NOSIGNAL);
    });
  }
  void begin(int fd) {
    const auto place = static_cast<std::size_t>(fd);
    buffers.resize(std::max(buffers.size(), place + 1));
    if (!buffers[place]) {
      buffers[place] = std::make_unique<Buffer>();
    }
    receive(fd);
  }
  void go_on(const io_uring_cqe& done) {
    const int fd = static_cast<int>(static_cast<std::uint32_t>(done.user_data));
    switch (static_cast<Step>(done.user_data >> 32)) {
      case Step::kAccept:
        if (done.res >= 0) {
          begin(done.res);
        }
        if ((done.flags & IORING_CQE_F_MORE) == 0) {
          accept(fd);
        }
        break;
      case Step::kReceive:
        if (done.res <= 0) {
          ::close(fd);
        } else {
          send(fd, static_cast<std::size_t>(done.res));
        }
        break;
      case Step::kSend:
        receive(fd);
    }
  }
};

}  // namespace

int main() {
  const int listener = bench::listen_on_free_port();
  Server server;
  io_uring_params asked{};
  asked.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  asked.cq_entries = 32768;
  if (const int result = io_uring_queue_init_params(4096, &server.ring, &asked); result != 0) {
    std::fprintf(stderr, "echo_uring: io_uring_setup: %s\n", strerrordesc_np(-result));
    return 1;
  }
  server.accept(listener);
  for (;;) {
    io_uring_submit_and_wait(&server.ring, 1);
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* done = nullptr;
    io_uring_for_each_cqe(&server.ring, head, done) {
      server.go_on(*done);
      ++count;
    }
    io_uring_cq_advance(&server.ring, count);
  }
}

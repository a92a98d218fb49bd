// tests/hooks/io_copy_test.cc: calls that move data from one descriptor to another.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

constexpr std::size_t kFileSize = 16 << 20;

Fd make_file(std::size_t size) {
  Fd file(open("/tmp", O_TMPFILE | O_RDWR, 0600));
  std::vector<char> data(size);
  for (std::size_t i = 0; i < size; ++i) {
    data[i] = static_cast<char>(i % 113);
  }
  EXPECT_EQ(write(file, data.data(), size), static_cast<ssize_t>(size));
  lseek(file, 0, SEEK_SET);
  return file;
}

// Reads `size` bytes and compares them with what make_file wrote from `offset` on.
void expect_contents(int fd, std::size_t size, std::size_t offset = 0) {
  std::vector<char> part(65536);
  std::size_t got = 0;
  bool same = true;
  while (got < size) {
    const ssize_t n = read(fd, part.data(), std::min(part.size(), size - got));
    ASSERT_GT(n, 0);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      same = same && part[i] == static_cast<char>((offset + got + i) % 113);
    }
    got += static_cast<std::size_t>(n);
  }
  EXPECT_TRUE(same);
}

TEST(Sendfile, GoesWholeIntoASlowSocket) {
  for (const auto make : {make_unix_stream, make_tcp_pair}) {
    const Pair pair = make();
    const Fd file = make_file(kFileSize);
    expect_others_run(
        [&] {
          EXPECT_EQ(sendfile(pair.far, file, nullptr, kFileSize), static_cast<ssize_t>(kFileSize));
        },
        [&] { expect_contents(pair.near, kFileSize); });
    EXPECT_EQ(lseek(file, 0, SEEK_CUR), static_cast<off_t>(kFileSize));
  }
}

TEST(Sendfile, AdvancesTheOffsetItWasGiven) {
  const Pair pair = make_tcp_pair();
  const Fd file = make_file(1000);
  off_t offset = 300;
  EXPECT_EQ(sendfile(pair.far, file, &offset, 5000), 700);
  EXPECT_EQ(offset, 1000);
  EXPECT_EQ(lseek(file, 0, SEEK_CUR), 0);
  expect_contents(pair.near, 700, 300);
}

TEST(Sendfile, NonblockingSocketTakesAPart) {
  const Pair pair = make_socket_pair(SOCK_STREAM | SOCK_NONBLOCK);
  const Fd file = make_file(kFileSize);
  const ssize_t sent = sendfile(pair.far, file, nullptr, kFileSize);
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, static_cast<ssize_t>(kFileSize));
  fill(pair.far);
  EXPECT_EQ(sendfile(pair.far, file, nullptr, kFileSize), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Splice, WaitsForTheSocketItReadsFrom) {
  const Pair source = make_tcp_pair();
  const Pair target = make_pipe();
  expect_others_run(
      [&] { EXPECT_EQ(splice(source.near, nullptr, target.far, nullptr, 4096, 0), 6); },
      [&] { source.feed("splice"); });
  EXPECT_EQ(read_some(target.near), "splice");
}

TEST(Splice, WaitsForThePipeItReadsFrom) {
  const Pair source = make_pipe();
  const Pair target = make_tcp_pair();
  expect_others_run(
      [&] { EXPECT_EQ(splice(source.near, nullptr, target.far, nullptr, 4096, 0), 6); },
      [&] { source.feed("splice"); });
  EXPECT_EQ(read_some(target.near), "splice");
}

TEST(Splice, WaitsForRoomInThePipe) {
  const Pair source = make_tcp_pair();
  const Pair target = make_pipe();
  const std::size_t before = fill(target.far);
  source.feed("room");
  expect_others_run(
      [&] { EXPECT_EQ(splice(source.near, nullptr, target.far, nullptr, 4096, 0), 4); },
      [&] { take(target.near, before); });
  EXPECT_EQ(read_some(target.near), "room");
}

TEST(Splice, NonblockFlagAnswersAtOnce) {
  const Pair source = make_pipe();
  const Pair target = make_pipe();
  EXPECT_EQ(splice(source.near, nullptr, target.far, nullptr, 4096, SPLICE_F_NONBLOCK), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Splice, BetweenPipesEitherNonblockingOneAnswersAtOnce) {
  for (const bool is_source : {false, true}) {
    const Pair source = make_pipe(is_source ? O_NONBLOCK : 0);
    const Pair target = make_pipe(is_source ? 0 : O_NONBLOCK);
    EXPECT_EQ(splice(source.near, nullptr, target.far, nullptr, 4096, 0), -1);
    EXPECT_EQ(errno, EAGAIN);
  }
}

TEST(Splice, EndOfFileIsZero) {
  Pair source = make_pipe();
  const Pair target = make_pipe();
  expect_others_run(
      [&] { EXPECT_EQ(splice(source.near, nullptr, target.far, nullptr, 4096, 0), 0); },
      [&] { source.far.reset(); });
}

TEST(Tee, WaitsAndLeavesTheData) {
  const Pair source = make_pipe();
  const Pair target = make_pipe();
  expect_others_run([&] { EXPECT_EQ(tee(source.near, target.far, 4096, 0), 3); },
                    [&] { source.feed("tee"); });
  EXPECT_EQ(read_some(source.near), "tee");
  EXPECT_EQ(read_some(target.near), "tee");
}

TEST(Preadv2, NowaitAnswersAtOnceAndOffsetMinusOneWaits) {
  const Pair pair = make_pipe();
  std::string data(16, '\0');
  iovec part{data.data(), data.size()};
  EXPECT_EQ(preadv2(pair.near, &part, 1, -1, RWF_NOWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
  expect_others_run([&] { EXPECT_EQ(preadv2(pair.near, &part, 1, -1, 0), 4); },
                    [&] { pair.feed("wait"); });
}

}  // namespace
}  // namespace weft::test

#include <weft/net/buffered_stream.h>
#include <weft/net/unix_socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "tests/net/fixture.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

// No socket: gives its text in pieces of three bytes, and counts calls.
struct Text {
  std::string text;
  std::string written;
  std::size_t reads = 0;
  std::size_t writes = 0;
  bool is_broken = false;

  std::size_t read_some(MutableBytes room) {
    ++reads;
    const std::size_t got = std::min({text.size(), room.size(), std::size_t{3}});
    std::memcpy(room.data(), text.data(), got);
    text.erase(0, got);
    return got;
  }
  std::size_t write_some(Bytes bytes) {
    ++writes;
    if (is_broken) {
      throw std::system_error(EPIPE, std::generic_category());
    }
    const std::size_t taken = std::min<std::size_t>(bytes.size(), 5);
    written.append(static_cast<const char*>(bytes.data()), taken);
    return taken;
  }
};
Text text_of(std::string text) {
  Text all;
  all.text = std::move(text);
  return all;
}
static_assert(Stream<Text> && Stream<BufferedStream<Text>> && Stream<BufferedStream<Text&>>);

TEST(BufferedStream, ReadlineKnowsBothLineEnds) {
  BufferedStream stream(text_of("one\ntwo\r\n\nlast"));
  EXPECT_EQ(stream.read_line(), "one");
  EXPECT_EQ(stream.read_line(), "two");
  EXPECT_EQ(stream.read_line(), "");
  EXPECT_EQ(stream.read_line(), "last");
  EXPECT_EQ(stream.read_line(), std::nullopt);
}

TEST(BufferedStream, ReadlineIntoAStringUsesItsMemoryAgain) {
  BufferedStream stream(text_of("a rather long line to begin with\nb\n"));
  std::string line;
  ASSERT_TRUE(stream.read_line(line));
  const char* const memory = line.data();
  ASSERT_TRUE(stream.read_line(line));
  EXPECT_EQ(line, "b");
  EXPECT_EQ(line.data(), memory);
  EXPECT_FALSE(stream.read_line(line));
}

TEST(BufferedStream, ReaduntilFindsADelimiterThatComesInPieces) {
  BufferedStream stream(text_of("ab--c--boundary--rest"));
  EXPECT_EQ(stream.read_until("--boundary"), "ab--c--boundary");
  EXPECT_EQ(error_of([&] { static_cast<void>(stream.read_until("--b")); }), ENODATA);
  EXPECT_EQ(stream.read_line(), "--rest") << "is still there";
  EXPECT_EQ(stream.read_until("--b"), std::nullopt);
  EXPECT_EQ(error_of([&] { static_cast<void>(stream.read_until("")); }), EINVAL);
}

TEST(BufferedStream, LimitsCountTheDelimiter) {
  BufferedStream fits(text_of("12345\n"));
  EXPECT_EQ(fits.read_until("\n", 6), "12345\n");
  BufferedStream does_not(text_of("12345\n"));
  EXPECT_EQ(error_of([&] { static_cast<void>(does_not.read_line(5)); }), EMSGSIZE);
}

TEST(BufferedStream, ReadexactlyCrossesBuffers) {
  BufferedStream stream(text_of("0123456789"), 4);
  char room[6] = {};
  ASSERT_TRUE(stream.read_exact(room));
  EXPECT_EQ(std::string(room, 6), "012345");
  EXPECT_EQ(error_of([&] { static_cast<void>(stream.read_exact(room)); }), ENODATA);
  EXPECT_FALSE(stream.read_exact(room));
}

TEST(BufferedStream, LinesMayBeLongerThanTheBuffer) {
  const std::string line(1000, 'x');
  std::string text = line;
  text.append("\nrest");
  BufferedStream stream(text_of(text), 4);
  EXPECT_EQ(stream.read_line(), line);
  EXPECT_EQ(stream.read_line(), "rest");
}

TEST(BufferedStream, SmallWritesGoTogether) {
  Text text;
  BufferedStream<Text&> stream(text, 100);
  for (int i = 0; i < 20; ++i) {
    stream.write_all("ab");
  }
  EXPECT_EQ(text.writes, 0U);
  stream.flush();
  EXPECT_EQ(text.written.size(), 40U);
  EXPECT_EQ(text.writes, 8U);  // as many as it takes at a time
}

TEST(BufferedStream, OrderIsKeptWhateverTheSizes) {
  Text text;
  BufferedStream<Text&> stream(text, 16);
  std::string expected;
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    stream.write_all(piece);
    expected += piece;
  }
  stream.flush();
  EXPECT_EQ(text.written, expected);
}

TEST(BufferedStream, AReadThatHasToAskFlushesFirst) {
  Text text = text_of("answer\n");
  BufferedStream<Text&> stream(text);
  stream.write_all("question\n");
  EXPECT_EQ(stream.read_line(), "answer");
  EXPECT_EQ(text.written, "question\n");
}

TEST(BufferedStream, WhatCouldNotBeWrittenStays) {
  Text text;
  text.is_broken = true;
  BufferedStream<Text&> stream(text);
  stream.write_all("kept");
  EXPECT_EQ(error_of([&] { stream.flush(); }), EPIPE);
  text.is_broken = false;
  stream.flush();
  EXPECT_EQ(text.written, "kept");
}

TEST(BufferedStream, AKilledReaderLosesNothing) {
  auto [mine, yours] = UnixStream::pair();
  BufferedStream<UnixStream&> stream(mine);
  const auto reader = spawn([&] { static_cast<void>(stream.read_line()); });
  weft::yield();
  yours.write_all("half a ");
  weft::yield();
  weft::yield();
  reader.kill();
  yours.write_all("line\n");
  EXPECT_EQ(stream.read_line(), "half a line");
}

TEST(BufferedStream, ABufferOfNothingHoldsOneByte) {
  Text text = text_of("a line\n");
  BufferedStream<Text&> stream(text, 0);
  EXPECT_EQ(stream.read_line(), "a line");
  stream.write_all("written");
  stream.flush();
  EXPECT_EQ(text.written, "written");
}

}  // namespace
}  // namespace weft::net

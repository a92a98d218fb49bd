#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft/fiber.h>
#include <weft/file.h>
#include <weft/idle.h>
#include <weft/sleep.h>
#include <weft/timeout.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class FileApi : public RuntimeTest {
 protected:
  const TemporaryFile file_;
  const std::string path_ = file_.path();
};

constexpr FilePolicy kPolicies[] = {FilePolicy::kAutomatic, FilePolicy::kNonblock,
                                    FilePolicy::kOffload, FilePolicy::kBlock};

struct Ends {
  File reader;
  File writer;
};

Ends pipe_of(FilePolicy policy, std::size_t buffer_bytes = 64) {
  int ends[2] = {};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileOptions options = {.policy = policy, .buffer_bytes = buffer_bytes};
  return {File::from_fd(ends[0], options), File::from_fd(ends[1], options)};
}

TEST_F(FileApi, EveryPolicyReadsWhatItWrote) {
  for (const FilePolicy policy : kPolicies) {
    File file = File::open(path_, O_RDWR | O_TRUNC, {.policy = policy, .buffer_bytes = 16});
    const std::string text = "one\ntwo\n" + std::string(100, 'x') + "\nlast";
    file.write(text);
    EXPECT_EQ(file.tell(), static_cast<off_t>(text.size()));
    file.sync();
    EXPECT_EQ(file.seek(0), 0);
    EXPECT_EQ(file.read_line(), "one\n");
    EXPECT_EQ(file.tell(), 4);
    EXPECT_EQ(file.read_all(), text.substr(4));
    EXPECT_EQ(file.read_line(), std::nullopt);
  }
}

TEST_F(FileApi, LinesAreIterated) {
  File file = File::open(path_, O_RDWR, {.buffer_bytes = 2});
  file.write("a\n\nbc");
  file.seek(0);
  std::vector<std::string> lines;
  for (const std::string& line : file) {
    lines.push_back(line);
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"a\n", "\n", "bc"}));
}

TEST_F(FileApi, WritesAfterReadsGoWhereTheReaderIs) {
  File file = File::open(path_, O_RDWR);
  file.write("abcdef");
  file.seek(0);
  EXPECT_EQ(file.read(2), "ab");
  file.write("XY");
  EXPECT_EQ(file.read_all(), "ef");
  file.seek(0);
  EXPECT_EQ(file.read_all(), "abXYef");
}

TEST_F(FileApi, PlacesAreReadAndWrittenWithoutThePosition) {
  File file = File::open(path_, O_RDWR);
  file.pwrite("abcdef", 2);
  char text[4] = {};
  EXPECT_EQ(file.pread(text, 4), 4U);
  EXPECT_EQ(std::string(text, 4), "cdef");
  EXPECT_EQ(file.pread(text, 6), 2U);
  EXPECT_EQ(file.tell(), 0);
  file.truncate(3);
  EXPECT_EQ(file.seek(0, SEEK_END), 3);
}

TEST_F(FileApi, PipesAreWaitedForWhileOthersRun) {
  for (const FilePolicy policy :
       {FilePolicy::kAutomatic, FilePolicy::kNonblock, FilePolicy::kOffload}) {
    Ends ends = pipe_of(policy);
    const auto reader = spawn([&] { return ends.reader.read_line(); });
    weft::yield();
    ends.writer.write("hello\n");
    ends.writer.flush();
    EXPECT_EQ(reader.get(), "hello\n");
  }
}

TEST_F(FileApi, AFullPipeIsWaitedFor) {
  for (const FilePolicy policy : {FilePolicy::kAutomatic, FilePolicy::kNonblock}) {
    Ends ends = pipe_of(policy);
    const std::string text(300'000, 'x');
    const auto reader = spawn([&] { return ends.reader.read_all(); });
    ends.writer.write(text);
    ends.writer.close();
    EXPECT_EQ(reader.get(), text);
  }
}

TEST_F(FileApi, FlagsOfOthersStayAsTheyAre) {
  const Ends ends = pipe_of(FilePolicy::kAutomatic);
  EXPECT_EQ(::fcntl(ends.reader.fileno(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(FileApi, TerminalsAndNamedFifosAreWaitedFor) {
  int terminal = -1;
  int keyboard = -1;
  ASSERT_EQ(::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr), 0);
  File file = File::from_fd(terminal);
  const auto reader = spawn([&] { return file.read_line(); });
  weft::yield();
  ASSERT_EQ(::write(keyboard, "typed\n", 6), 6);
  EXPECT_EQ(reader.get(), "typed\n");
  ::close(keyboard);
  ::unlink(path_.c_str());
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto other = spawn([&] { return File::open(path_, O_RDONLY).read_all(); });
  File writer = File::open(path_, O_WRONLY);
  writer.write("through");
  writer.close();
  EXPECT_EQ(other.get(), "through");
}

TEST_F(FileApi, ABrokenPipeIsAnErrorAndNoSignal) {
  for (const FilePolicy policy : kPolicies) {
    Ends ends = pipe_of(policy);
    ends.reader.close();
    ends.writer.write("x");
    EXPECT_EQ(error_of([&] { ends.writer.flush(); }), EPIPE);
  }
}

TEST_F(FileApi, AKilledReadLosesNothing) {
  Ends ends = pipe_of(FilePolicy::kAutomatic);
  const auto write = [&](const char* text) {
    ends.writer.write(text);
    ends.writer.flush();
  };
  write("half a line, ");
  const auto reader = spawn([&] { ends.reader.read_line(); });
  idle();  // it waits for the rest
  reader.kill();
  EXPECT_TRUE(reader.was_killed());
  write("more of it, ");
  EXPECT_THROW(with_timeout(1ms, [&] { ends.reader.read_line(); }), TimeoutError);
  write("the end\n");
  EXPECT_EQ(ends.reader.read_line(), "half a line, more of it, the end\n");
}

TEST_F(FileApi, ErrorsNameTheCallAndThePath) {
  try {
    File::open("/no/such/file");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
    EXPECT_NE(std::string(error.what()).find("'/no/such/file'"), std::string::npos);
  }
  File none;
  EXPECT_THROW(none.read_line(), std::system_error);
  EXPECT_THROW(none.write("x"), std::system_error);
}

TEST_F(FileApi, TheDestructorWritesAndReleaseDoesNotClose) {
  { File::open(path_, O_WRONLY).write("kept"); }
  File file = File::open(path_);
  EXPECT_EQ(file.read_all(), "kept");
  const int fd = file.release();
  EXPECT_FALSE(file.is_open());
  EXPECT_EQ(::close(fd), 0);
}

}  // namespace
}  // namespace weft

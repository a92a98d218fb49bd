#include "runtime/wait_fd.h"

#include <fcntl.h>
#include <unistd.h>
#include <weft/fiber.h>

#include <cerrno>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class WaitFd : public RuntimeTest {
 protected:
  // Reads one byte as a hook does: look, then wait. Returns 0, or the errno that ended it.
  static int drink(const Pipe& pipe, Deadline deadline = Deadline::never()) {
    FdSlot& slot = pipe.out_slot();
    for (;;) {
      const std::uint32_t seen = slot.edges(Direction::kRead);
      if (pipe.drink()) {
        slot.pass_on(Direction::kRead);
        return 0;
      }
      if (const int error =
              wait_for(pipe.out(), slot, Direction::kRead, seen, {.deadline = deadline})) {
        return error;
      }
    }
  }
  static weft::Fiber<int> spawn_drinker(const Pipe& pipe) {
    return weft::spawn([&pipe] { return drink(pipe); });
  }
  Pipe pipe_;
};

TEST_F(WaitFd, AWriteEndsAReadersWait) {
  const auto reader = spawn_drinker(pipe_);
  yield();
  EXPECT_FALSE(reader.ready());
  pipe_.feed();
  EXPECT_EQ(reader.get(), 0);
}

TEST_F(WaitFd, ARoomMadeEndsAWritersWait) {
  pipe_.fill();
  const auto writer = weft::spawn([this] {
    FdSlot& slot = pipe_.in_slot();
    const char block[4096] = {};
    for (;;) {
      const std::uint32_t seen = slot.edges(Direction::kWrite);
      if (::write(pipe_.in(), block, sizeof block) > 0) {
        return 0;
      }
      if (const int error = wait_for(pipe_.in(), slot, Direction::kWrite, seen)) {
        return error;
      }
    }
  });
  yield();
  EXPECT_FALSE(writer.ready());
  char block[65536] = {};
  EXPECT_GT(::read(pipe_.out(), block, sizeof block), 0);
  EXPECT_EQ(writer.get(), 0);
}

TEST_F(WaitFd, DeadlineEndsAWait) {
  const Stopwatch watch;
  EXPECT_EQ(drink(pipe_, Deadline::after(5ms)), ETIMEDOUT);
  EXPECT_GE(watch.elapsed(), 5ms);
}

TEST_F(WaitFd, EachOfManyBytesServesOneReader) {
  std::vector<weft::Fiber<int>> readers;
  for (int i = 0; i < 5; ++i) {
    readers.push_back(spawn_drinker(pipe_));
  }
  yield();
  for (int i = 0; i < 5; ++i) {
    pipe_.feed();
  }
  EXPECT_TRUE(weft::joinall(10s, readers));
  EXPECT_FALSE(pipe_.drink());
}

TEST_F(WaitFd, ATimedOutReaderTakesNoEventAway) {
  const auto impatient = weft::spawn([this] { return drink(pipe_, Deadline::after(2ms)); });
  const auto patient = spawn_drinker(pipe_);
  EXPECT_EQ(impatient.get(), ETIMEDOUT);
  pipe_.feed();
  EXPECT_EQ(patient.get(), 0);
}

TEST_F(WaitFd, ClosingWakesEverybodyWithEbadf) {
  const auto first = spawn_drinker(pipe_);
  const auto second = spawn_drinker(pipe_);
  yield();
  scheduler_->hub().forget(pipe_.out(), pipe_.out_slot());
  pipe_.out_slot().reset();
  EXPECT_EQ(first.get(), EBADF);
  EXPECT_EQ(second.get(), EBADF);
}

TEST_F(WaitFd, RegularFilesAreRefused) {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  FdSlot& slot = *fd_slot(file);
  slot.reset();
  EXPECT_EQ(wait_for(file, slot, Direction::kRead, slot.edges(Direction::kRead)), EPERM);
  ::close(file);
  slot.reset();
}

TEST_F(WaitFd, AnyOfSeveralEndsAWaitForAll) {
  const Pipe other;
  const auto poller = weft::spawn([&] {
    FdInterest interests[2] = {{.fd = pipe_.out(),
                                .seen = pipe_.out_slot().edges(Direction::kRead),
                                .slot = &pipe_.out_slot()},
                               {.fd = other.out(),
                                .seen = other.out_slot().edges(Direction::kRead),
                                .slot = &other.out_slot()}};
    bool refused = false;
    const int error = wait_for_any(interests, 2, {.deadline = Deadline::after(10s)}, &refused);
    EXPECT_FALSE(refused);
    return error;
  });
  yield();
  other.feed();
  EXPECT_EQ(poller.get(), 0);
}

TEST_F(WaitFd, AWaitForNothingIsATimeout) {
  bool refused = false;
  EXPECT_EQ(wait_for_any(nullptr, 0, {.deadline = Deadline::after(1ms)}, &refused), ETIMEDOUT);
}

TEST_F(WaitFd, PingPongOverTwoPipes) {
  const Pipe back;
  const auto echo = weft::spawn([&] {
    for (int i = 0; i < 1000; ++i) {
      if (drink(pipe_) != 0) {
        return i;
      }
      back.feed();
    }
    return 1000;
  });
  for (int i = 0; i < 1000; ++i) {
    pipe_.feed();
    ASSERT_EQ(drink(back), 0);
  }
  EXPECT_EQ(echo.get(), 1000);
}

}  // namespace
}  // namespace weft::runtime

#include <fcntl.h>
#include <unistd.h>
#include <weft/fiber.h>
#include <weft/scheduler.h>
#include <weft/timeout.h>
#include <weft/wait_fd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class ApiWaitFd : public RuntimeTest {
 protected:
  // The errno of the std::system_error that the wait throws; 0 if none.
  static int error_of_wait(int fd, FdEvent event = FdEvent::kReadable) {
    return error_of([&] { wait_fd(fd, event); });
  }
  // Until somebody waits for the descriptor.
  void await_waiter() const {
    while (runtime::fd_slot(pipe_.out())->registered() == 0) {
      weft::yield();
    }
    weft::yield();
  }
  Pipe pipe_;
};

TEST_F(ApiWaitFd, WhatIsReadyIsNotWaitedFor) {
  pipe_.feed();
  wait_fd(pipe_.out(), FdEvent::kReadable);
  wait_fd(pipe_.in(), FdEvent::kWritable);
  wait_fd(pipe_.in(), FdEvent::kEither);
}

TEST_F(ApiWaitFd, WaitReadEndsWhenThereIsData) {
  const auto reader = spawn([this] { wait_fd(pipe_.out(), FdEvent::kReadable); });
  await_waiter();
  EXPECT_FALSE(reader.ready());
  pipe_.feed();
  reader.get();
}

TEST_F(ApiWaitFd, WaitWriteEndsWhenThereIsRoom) {
  pipe_.fill();
  const auto writer = spawn([this] { wait_fd(pipe_.in(), FdEvent::kWritable); });
  yield();
  EXPECT_FALSE(writer.ready());
  std::vector<char> all(1 << 20);
  EXPECT_GT(::read(pipe_.out(), all.data(), all.size()), 0);
  writer.get();
}

TEST_F(ApiWaitFd, WaitReadwriteEndsByEitherDirection) {
  const auto waiter = spawn([this] { wait_fd(pipe_.out(), FdEvent::kEither); });
  yield();
  EXPECT_FALSE(waiter.ready());
  pipe_.feed();
  waiter.get();
}

TEST_F(ApiWaitFd, ATimeoutReturnsFalse) {
  expect_times_out([&](auto limit) { return wait_fd_for(pipe_.out(), FdEvent::kReadable, limit); });
  EXPECT_FALSE(wait_fd_until(pipe_.out(), FdEvent::kReadable, std::chrono::system_clock::now()));
  pipe_.feed();
  EXPECT_TRUE(wait_fd_for(pipe_.out(), FdEvent::kReadable, 0s));
}

TEST_F(ApiWaitFd, AllWhoWaitAreWoken) {
  std::vector<Fiber<void>> waiters;
  for (int i = 0; i < 5; ++i) {
    waiters.push_back(spawn([this] { wait_fd(pipe_.out(), FdEvent::kReadable); }));
  }
  await_waiter();
  pipe_.feed();
  EXPECT_TRUE(joinall(10s, waiters));
}

TEST_F(ApiWaitFd, CancelWaitThrowsEcanceled) {
  const auto first = spawn([this] { return error_of_wait(pipe_.out()); });
  const auto second = spawn([this] { return error_of_wait(pipe_.out(), FdEvent::kEither); });
  await_waiter();
  cancel_wait(pipe_.out());
  EXPECT_EQ(first.get(), ECANCELED);
  EXPECT_EQ(second.get(), ECANCELED);
}

TEST_F(ApiWaitFd, CancelWaitOfNobodyConcernsNoLaterWait) {
  cancel_wait(pipe_.out());
  cancel_wait(-1);
  pipe_.feed();
  EXPECT_EQ(error_of_wait(pipe_.out()), 0);
}

TEST_F(ApiWaitFd, WhatIsNotOpenIsEbadf) {
  EXPECT_EQ(error_of_wait(-1), EBADF);
  EXPECT_EQ(error_of_wait(1'000'000), EBADF);
}

TEST_F(ApiWaitFd, AnEndOfLifeThatIsToldIsEbadf) {
  const auto waiter = spawn([this] { return error_of_wait(pipe_.out()); });
  await_waiter();
  pipe_.out_slot().reset();
  EXPECT_EQ(waiter.get(), EBADF);
}

TEST_F(ApiWaitFd, ANumberThatWasReusedUnseenIsWaitedForAnew) {
  int ends[2] = {};
  for (int life = 0; life < 3; ++life) {
    ASSERT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    const auto waiter = spawn([&] { return error_of_wait(ends[0]); });
    yield();
    EXPECT_FALSE(waiter.ready());
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    EXPECT_TRUE(waiter.join_for(2s)) << "life " << life;
    cancel_wait(ends[0]);
    EXPECT_EQ(waiter.get(), 0);
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

TEST_F(ApiWaitFd, RegularFilesAreAlwaysReady) {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(error_of_wait(file, FdEvent::kEither), 0);
  ::close(file);
}

TEST_F(ApiWaitFd, ATimeoutOfTheScopeEndsAWait) {
  Timeout limit(2ms);
  EXPECT_THROW(wait_fd(pipe_.out(), FdEvent::kReadable), TimeoutError);
  pipe_.feed();
  EXPECT_EQ(error_of_wait(pipe_.out()), 0);
}

TEST_F(ApiWaitFd, KillEndsAWait) {
  const auto waiter = spawn([this] { wait_fd(pipe_.out(), FdEvent::kEither); });
  weft::yield();
  waiter.kill();
  EXPECT_TRUE(waiter.was_killed());
}

TEST_F(ApiWaitFd, ThreadsWithoutFibersWait) {
  std::atomic<bool> timed_out = false;
  std::thread thread([&] {
    timed_out = !wait_fd_for(pipe_.out(), FdEvent::kReadable, 1ms);
    wait_fd(pipe_.out(), FdEvent::kReadable);
  });
  while (!timed_out) {
    weft::yield();
  }
  pipe_.feed();
  thread.join();
}

TEST_F(ApiWaitFd, CancelWaitReachesThreadsWithoutFibers) {
  std::atomic<int> result = -1;
  std::thread thread([&] { result = error_of_wait(pipe_.out()); });
  while (result < 0) {
    cancel_wait(pipe_.out());
    weft::yield();
  }
  thread.join();
  EXPECT_EQ(result, ECANCELED);
}

TEST_F(ApiWaitFd, FibersOfSeveralSchedulersWaitForOneDescriptor) {
  Scheduler pool{.workers = 2};
  std::vector<Fiber<void>> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.push_back(pool.spawn([this] { wait_fd(pipe_.out(), FdEvent::kReadable); }));
  }
  waiters.push_back(spawn([this] { wait_fd(pipe_.out(), FdEvent::kReadable); }));
  await_waiter();
  pipe_.feed();
  EXPECT_TRUE(joinall(10s, waiters));
}

}  // namespace
}  // namespace weft

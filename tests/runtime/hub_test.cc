#include "runtime/hub.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class HubTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    ASSERT_EQ(hub_.open(), 0);
  }
  void TearDown() override {
    hub_.close();
    RuntimeTest::TearDown();
  }
  // Polls until nothing more comes: a registration may report at once what is ready.
  void settle() {
    while (hub_.poll(0).events != 0) {
    }
  }
  Hub hub_;
};

TEST_F(HubTest, ADescriptorIsRegisteredOnce) {
  const Pipe pipe;
  EXPECT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  EXPECT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  EXPECT_EQ(hub_.counters.registrations, 1U);
  EXPECT_EQ(pipe.out_slot().registered(), hub_.bit());
}

TEST_F(HubTest, EachWriteIsAnEdge) {
  const Pipe pipe;
  ASSERT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  settle();
  const std::uint32_t before = pipe.out_slot().edges(Direction::kRead);
  pipe.feed();
  EXPECT_EQ(hub_.poll(-1).events, 1);
  EXPECT_EQ(pipe.out_slot().edges(Direction::kRead), before + 1);
  EXPECT_EQ(hub_.poll(0).events, 0) << "edges, not levels";
}

TEST_F(HubTest, AStaleEventIsIgnored) {
  const Pipe pipe;
  ASSERT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  settle();
  pipe.out_slot().reset();  // as if the number had been closed and handed out again
  const std::uint32_t before = pipe.out_slot().edges(Direction::kRead);
  pipe.feed();
  EXPECT_EQ(hub_.poll(-1).events, 1);
  EXPECT_EQ(pipe.out_slot().edges(Direction::kRead), before);
  EXPECT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  EXPECT_EQ(hub_.poll(-1).events, 1);
  EXPECT_EQ(pipe.out_slot().edges(Direction::kRead), before + 1);
}

TEST_F(HubTest, RefusesWhatEpollCanNotWaitFor) {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  FdSlot slot;
  EXPECT_EQ(hub_.ensure_registered(file, slot), EPERM);
  EXPECT_EQ(slot.registered(), 0U);
  ::close(file);
  EXPECT_EQ(hub_.ensure_registered(file, slot), EBADF);
}

TEST_F(HubTest, ForgottenDescriptorIsSilent) {
  const Pipe pipe;
  ASSERT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  hub_.forget(pipe.out(), pipe.out_slot());
  settle();
  pipe.feed();
  EXPECT_EQ(hub_.poll(0).events, 0);
}

TEST_F(HubTest, EachWakeEndsAPoll) {
  for (int round = 0; round < 3; ++round) {
    std::thread waker([this] { hub_.wake(); });
    EXPECT_TRUE(hub_.poll(-1).woken);
    waker.join();
  }
  EXPECT_FALSE(hub_.poll(0).woken);
}

TEST_F(HubTest, AWakeReachesOneOfSeveralPolls) {
  constexpr int kPolls = 4;
  std::atomic<int> woken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kPolls; ++i) {
    threads.emplace_back([&] {
      EXPECT_TRUE(hub_.poll(-1).woken);
      ++woken;
    });
  }
  for (int i = 0; i < kPolls; ++i) {
    hub_.wake();
    while (woken == i) {
      std::this_thread::yield();
    }
    EXPECT_EQ(woken, i + 1);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

// By the kernel's timer, or by the limit of its polls.
class HubAlarm : public HubTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    HubTest::SetUp();
    hub_.close();
    ASSERT_EQ(hub_.open({.own_alarm = GetParam()}), 0);
  }
};
INSTANTIATE_TEST_SUITE_P(, HubAlarm, testing::Bool(),
                         [](const auto& how) { return how.param ? "Own" : "OfTheKernel"; });

TEST_P(HubAlarm, IsNeverEarlyAndComesOnce) {
  for (const auto timeout : {0us, 200us, 1500us, 3000us}) {
    const Stopwatch watch;
    hub_.set_alarm(Deadline::after(timeout));
    EXPECT_TRUE(hub_.poll(-1).alarm);
    EXPECT_GE(watch.elapsed(), timeout);
    EXPECT_FALSE(hub_.poll(0).alarm);
  }
  hub_.set_alarm(Deadline::at(0));
  EXPECT_TRUE(hub_.poll(-1).alarm) << "zero would turn the kernel's timer off";
}

TEST_P(HubAlarm, OnlyAnEarlierOneChangesWhatIsSet) {
  const Stopwatch watch;
  hub_.set_alarm(Deadline::after(1h));
  hub_.set_alarm(Deadline::after(2ms));
  hub_.set_alarm(Deadline::after(1h));
  EXPECT_TRUE(hub_.poll(-1).alarm);
  EXPECT_GE(watch.elapsed(), 2ms);
}

TEST_P(HubAlarm, IsSeenByAPollThatDoesNotWait) {
  hub_.set_alarm(Deadline::after(1h));
  EXPECT_FALSE(hub_.poll(0).alarm);
  const Stopwatch watch;
  hub_.set_alarm(Deadline::after(1ms));
  while (!hub_.poll(0).alarm && watch.elapsed() < 10s) {
  }
  EXPECT_GE(watch.elapsed(), 1ms);
  EXPECT_LT(watch.elapsed(), 10s);
}

TEST_P(HubAlarm, AShorterPollEndsBeforeIt) {
  hub_.set_alarm(Deadline::after(1h));
  const Stopwatch watch;
  EXPECT_EQ(hub_.poll(1'000'000).events, 0);
  EXPECT_GE(watch.elapsed(), 1ms);
}

TEST_P(HubAlarm, APollThatAnEventEndsLeavesItSet) {
  const Pipe pipe;
  EXPECT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  settle();
  const Stopwatch watch;
  hub_.set_alarm(Deadline::after(5ms));
  pipe.feed();
  bool is_over = hub_.poll(-1).alarm;
  EXPECT_TRUE(hub_.has_alarm() != is_over);
  is_over = is_over || hub_.poll(-1).alarm;
  EXPECT_TRUE(is_over);
  EXPECT_GE(watch.elapsed(), 5ms);
}

int count_owned() {
  int owned = 0;
  for (int fd = 0; fd < 1'100'000; ++fd) {
    owned += Hub::owns(fd) ? 1 : 0;
  }
  return owned;
}

TEST_F(HubTest, KnowsItsOwnDescriptors) {
  const Pipe pipe;
  EXPECT_FALSE(Hub::owns(pipe.out()));
  EXPECT_FALSE(Hub::owns(-1));
  const int with_this = count_owned();
  hub_.close();
  EXPECT_EQ(with_this - count_owned(), 3);
}

// What the thread's own scheduler asks for.
TEST_F(HubTest, AnOwnAlarmNeedsNoTimerOfTheKernel) {
  if (::epoll_pwait2(-1, nullptr, 0, nullptr, nullptr) == -1 &&
      (errno == ENOSYS || errno == EPERM)) {
    GTEST_SKIP() << "before Linux 5.11, and where epoll_pwait2 is forbidden, it does";
  }
  hub_.close();
  EXPECT_EQ(count_owned(), 2) << "the scheduler's";
  ASSERT_EQ(hub_.open({.own_alarm = true}), 0);
  EXPECT_EQ(count_owned(), 4);
}

}  // namespace
}  // namespace weft::runtime

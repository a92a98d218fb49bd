#include "runtime/hub.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

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
    while (hub_.poll(Deadline::at(0)) != Hub::Polled::kNothing) {
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
  EXPECT_EQ(hub_.poll(Deadline::after(1s)), Hub::Polled::kEvents);
  EXPECT_EQ(pipe.out_slot().edges(Direction::kRead), before + 1);
  EXPECT_EQ(hub_.poll(Deadline::at(0)), Hub::Polled::kNothing) << "edges, not levels";
}

TEST_F(HubTest, AStaleEventIsIgnored) {
  const Pipe pipe;
  ASSERT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  settle();
  pipe.out_slot().reset();  // as if the number had been closed and handed out again
  const std::uint32_t before = pipe.out_slot().edges(Direction::kRead);
  pipe.feed();
  EXPECT_EQ(hub_.poll(Deadline::after(1s)), Hub::Polled::kEvents);
  EXPECT_EQ(pipe.out_slot().edges(Direction::kRead), before);
  EXPECT_EQ(hub_.ensure_registered(pipe.out(), pipe.out_slot()), 0);
  EXPECT_EQ(hub_.poll(Deadline::after(1s)), Hub::Polled::kEvents);
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
  EXPECT_EQ(hub_.poll(Deadline::at(0)), Hub::Polled::kNothing);
}

TEST_F(HubTest, WakeEndsAPoll) {
  std::thread waker([this] { hub_.wake(); });
  EXPECT_EQ(hub_.poll(Deadline::after(10s)), Hub::Polled::kEvents);
  waker.join();
}

TEST_F(HubTest, PollIsNeverShort) {
  for (const auto timeout : {200us, 1500us, 3000us}) {
    const Stopwatch watch;
    EXPECT_EQ(hub_.poll(Deadline::after(timeout)), Hub::Polled::kNothing);
    EXPECT_GE(watch.elapsed(), timeout);
  }
}

TEST_F(HubTest, KnowsItsOwnDescriptors) {
  const Pipe pipe;
  EXPECT_FALSE(Hub::owns(pipe.out()));
  EXPECT_FALSE(Hub::owns(-1));
  int owned = 0;
  for (int fd = 0; fd < 1'100'000; ++fd) {
    owned += Hub::owns(fd) ? 1 : 0;
  }
  EXPECT_EQ(owned, 4) << "two of this hub, two of the scheduler's";
}

}  // namespace
}  // namespace weft::runtime

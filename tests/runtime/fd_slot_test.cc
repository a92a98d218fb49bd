#include "runtime/fd_slot.h"

#include <sys/epoll.h>
#include <weft/fiber.h>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using Outcome = FdWaiter::Outcome;

class FdSlotTest : public test::RuntimeTest {
 protected:
  static constexpr Direction kRead = Direction::kRead;
  static constexpr Direction kWrite = Direction::kWrite;
  // Waiters of the running fiber: being woken leaves a token, which the next park takes.
  FdWaiter waiter(bool exclusive = true) {
    FdWaiter w;
    w.fiber = current();
    w.exclusive = exclusive;
    return w;
  }
  void TearDown() override {
    park_until(Deadline::at(0));
    RuntimeTest::TearDown();
  }
  FdSlot slot_;
};

TEST_F(FdSlotTest, EdgesAreCountedPerDirection) {
  const std::uint32_t reads = slot_.edges(kRead);
  const std::uint32_t writes = slot_.edges(kWrite);
  slot_.on_event(EPOLLIN);
  EXPECT_EQ(slot_.edges(kRead), reads + 1);
  EXPECT_EQ(slot_.edges(kWrite), writes);
  slot_.on_event(EPOLLIN | EPOLLOUT);
  EXPECT_EQ(slot_.edges(kRead), reads + 2);
  EXPECT_EQ(slot_.edges(kWrite), writes + 1);
  slot_.on_event(EPOLLHUP);
  EXPECT_EQ(slot_.edges(kRead), reads + 3);
  EXPECT_EQ(slot_.edges(kWrite), writes + 2);
}

TEST_F(FdSlotTest, AnEdgeSinceTheLookForbidsToWait) {
  FdWaiter w = waiter();
  const std::uint32_t seen = slot_.edges(kRead);
  slot_.on_event(EPOLLIN);
  EXPECT_FALSE(slot_.enter(w, kRead, seen));
  EXPECT_TRUE(slot_.enter(w, kRead, slot_.edges(kRead)));
  EXPECT_EQ(slot_.leave(w, kRead, false), Outcome::kWaiting);
}

TEST_F(FdSlotTest, OneEdgeWakesOneReaderAndAllPollers) {
  FdWaiter first = waiter();
  FdWaiter poller = waiter(false);
  FdWaiter second = waiter();
  FdWaiter late_poller = waiter(false);
  for (FdWaiter* w : {&first, &poller, &second, &late_poller}) {
    ASSERT_TRUE(slot_.enter(*w, kRead, slot_.edges(kRead)));
  }
  slot_.on_event(EPOLLIN);
  EXPECT_EQ(first.outcome, Outcome::kEvent);
  EXPECT_EQ(poller.outcome, Outcome::kEvent);
  EXPECT_EQ(second.outcome, Outcome::kWaiting);
  EXPECT_EQ(late_poller.outcome, Outcome::kEvent);
  for (FdWaiter* w : {&first, &poller, &second, &late_poller}) {
    slot_.leave(*w, kRead, true);
  }
}

TEST_F(FdSlotTest, AnEventNotUsedGoesToTheNext) {
  FdWaiter first = waiter();
  FdWaiter second = waiter();
  ASSERT_TRUE(slot_.enter(first, kRead, slot_.edges(kRead)));
  ASSERT_TRUE(slot_.enter(second, kRead, slot_.edges(kRead)));
  slot_.on_event(EPOLLIN);
  EXPECT_EQ(slot_.leave(first, kRead, false), Outcome::kEvent);
  EXPECT_EQ(slot_.leave(second, kRead, true), Outcome::kEvent);
}

TEST_F(FdSlotTest, ResetWakesAllAndBeginsAnotherLife) {
  FdWaiter reader = waiter();
  FdWaiter writer = waiter();
  const std::uint32_t seen = slot_.edges(kRead);
  const std::uint32_t generation = slot_.generation();
  slot_.set_registered(1);
  slot_.tag = 5;
  ASSERT_TRUE(slot_.enter(reader, kRead, seen));
  ASSERT_TRUE(slot_.enter(writer, kWrite, slot_.edges(kWrite)));
  slot_.reset();
  EXPECT_EQ(slot_.leave(reader, kRead, true), Outcome::kClosed);
  EXPECT_EQ(slot_.leave(writer, kWrite, true), Outcome::kClosed);
  EXPECT_NE(slot_.generation(), generation);
  EXPECT_EQ(slot_.registered(), 0U);
  EXPECT_EQ(slot_.tag, 0U);
  EXPECT_FALSE(slot_.enter(reader, kRead, seen)) << "a look in the former life is worth nothing";
}

TEST_F(FdSlotTest, DrainedHoldsUntilTheNextEdge) {
  EXPECT_FALSE(slot_.is_drained());
  slot_.set_registered(1);
  slot_.set_drained(slot_.edges(kRead));
  EXPECT_TRUE(slot_.is_drained());
  slot_.on_event(EPOLLIN);
  EXPECT_FALSE(slot_.is_drained());
  slot_.set_drained(slot_.edges(kRead));
  slot_.on_event(EPOLLIN | EPOLLRDHUP);
  slot_.set_drained(slot_.edges(kRead));
  EXPECT_FALSE(slot_.is_drained()) << "behind an end of file the kernel is always asked";
}

TEST(FdSlotTable, HasOneSlotPerNumber) {
  EXPECT_EQ(fd_slot(-1), nullptr);
  EXPECT_EQ(fd_slot(kChunks * kSlotsPerChunk), nullptr);
  EXPECT_NE(fd_slot(5), nullptr);
  EXPECT_EQ(fd_slot(5), fd_slot(5));
  EXPECT_EQ(fd_slot(5) + 1, fd_slot(6));
}

}  // namespace
}  // namespace weft::runtime

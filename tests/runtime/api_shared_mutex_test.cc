#include <weft/shared_mutex.h>
#include <weft/weft.h>

#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"
#include "tests/runtime/lockable.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

static_assert(TimedLockable<SharedMutex> && SharedTimedLockable<SharedMutex>);
static_assert(sizeof(SharedMutex) == 4);
constinit SharedMutex constant_shared_mutex;

class SharedMutexTest : public RuntimeTest {
 protected:
  // Fibers that lock, note their name (writers: a capital letter), and let others run meanwhile.
  void write(char name) {
    all_.push_back(spawn([this, name] {
      const std::unique_lock hold(mutex_);
      order_ += name;
      yield();
    }));
  }
  void read(char name) {
    all_.push_back(spawn([this, name] {
      const std::shared_lock hold(mutex_);
      order_ += name;
      yield();
    }));
  }
  bool is_free() {
    const bool locked = mutex_.try_lock();
    if (locked) {
      mutex_.unlock();
    }
    return locked;
  }

  SharedMutex mutex_;
  std::string order_;
  std::vector<Fiber<void>> all_;
};

TEST_F(SharedMutexTest, ReadersShareWritersDoNot) {
  {
    const std::shared_lock one(mutex_);
    const std::shared_lock two(mutex_);
    EXPECT_FALSE(mutex_.try_lock());
    EXPECT_TRUE(mutex_.try_lock_shared());
    mutex_.unlock_shared();
  }
  {
    const std::scoped_lock hold(mutex_);
    EXPECT_FALSE(mutex_.try_lock_shared());
    EXPECT_FALSE(mutex_.try_lock());
  }
  EXPECT_TRUE(is_free());
}

TEST_F(SharedMutexTest, ServesInOrderAndReadersTogether) {
  mutex_.lock();
  read('a'), read('b'), write('C'), read('d'), write('E'), write('F'), read('g'), read('h');
  yield();
  EXPECT_EQ(order_, "");
  mutex_.unlock();
  EXPECT_FALSE(mutex_.try_lock_shared()) << "others have waited for longer";
  joinall(all_);
  EXPECT_EQ(order_, "abCdEFgh");
  EXPECT_TRUE(is_free());
}

TEST_F(SharedMutexTest, NewReadersDoNotStarveAWriter) {
  mutex_.lock_shared();
  write('A'), read('b');
  yield();
  EXPECT_EQ(order_, "") << "the reader waits behind the writer";
  EXPECT_FALSE(mutex_.try_lock_shared());
  mutex_.unlock_shared();
  joinall(all_);
  EXPECT_EQ(order_, "Ab");
}

TEST_F(SharedMutexTest, WriterThatGivesUpLetsReadersBehindItIn) {
  mutex_.lock_shared();
  const auto writer = spawn([&] { EXPECT_FALSE(mutex_.try_lock_for(3ms)); });
  yield();
  read('a'), read('b');
  EXPECT_TRUE(all_[0].join_for(10s)) << "while another reads";
  EXPECT_TRUE(all_[1].join_for(10s));
  writer.join();
  EXPECT_TRUE(mutex_.try_lock_shared()) << "nobody waits";
  mutex_.unlock_shared();
  mutex_.unlock_shared();
  EXPECT_TRUE(is_free());
}

TEST_F(SharedMutexTest, WriterThatIsKilledLetsReadersBehindItIn) {
  mutex_.lock_shared();
  write('A'), read('b'), write('C');
  yield();
  all_[0].kill();
  EXPECT_TRUE(all_[1].join_for(10s)) << "while another reads";
  EXPECT_EQ(order_, "b") << "the writer behind it waits on";
  mutex_.unlock_shared();
  joinall(all_);
  EXPECT_EQ(order_, "bC");
  EXPECT_TRUE(is_free());
}

TEST_F(SharedMutexTest, TimesOut) {
  mutex_.lock();
  expect_times_out([&](auto limit) { return mutex_.try_lock_shared_for(limit); });
  EXPECT_FALSE(mutex_.try_lock_for(1ms));
  EXPECT_FALSE(mutex_.try_lock_until(std::chrono::system_clock::now() + 1ms));
  EXPECT_FALSE(mutex_.try_lock_shared_until(std::chrono::steady_clock::now() + 1ms));
  mutex_.unlock();
  EXPECT_TRUE(mutex_.try_lock_shared_for(0ms));
  EXPECT_TRUE(mutex_.try_lock_shared_until(std::chrono::steady_clock::now()));
  mutex_.unlock_shared();
  mutex_.unlock_shared();
  EXPECT_TRUE(is_free());
}

TEST_F(SharedMutexTest, ExcludesEverybodyWithTimeoutsInBetween) {
  std::atomic<int> readers{0};
  std::atomic<int> writers{0};
  from_everywhere([&] {
    for (int i = 0; i < (kSanitized ? 100 : 400); ++i) {
      const auto patience = std::chrono::microseconds(i % 40);
      if (i % 4 == 0) {
        const std::unique_lock hold(mutex_, patience);
        if (hold.owns_lock()) {
          EXPECT_EQ(++writers, 1);
          EXPECT_EQ(readers, 0);
          yield();
          --writers;
        }
      } else if (i % 4 == 1) {
        const std::scoped_lock hold(mutex_);
        EXPECT_EQ(++writers, 1);
        --writers;
      } else {
        std::shared_lock hold(mutex_, std::defer_lock);
        if (i % 4 == 2 ? hold.try_lock_for(patience) : (hold.lock(), true)) {
          ++readers;
          EXPECT_EQ(writers, 0);
          yield();
          --readers;
        }
      }
    }
  });
  EXPECT_TRUE(is_free());
}

}  // namespace
}  // namespace weft

// Streams by io_uring (WEFT_HUB): what is particular to calls that the kernel carries out while
// their fibers wait. All other tests of net run with it, too.
#include "runtime/ring.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/child.h>
#include <weft/net/unix_socket.h>
#include <weft/weft.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/fd_slot.h"
#include "runtime/fiber_signals.h"
#include "runtime/hub.h"
#include "tests/net/fixture.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

runtime::Ring* ring() { return runtime::Scheduler::current()->hub().ring(); }
bool has_ring() { return ring() != nullptr; }
bool busy_ring() { return ring()->is_busy(); }

class NetRing : public NetTest {
 protected:
  void SetUp() override {
    NetTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    ends_ = UnixStream::pair();
  }
  void TearDown() override {
    a_.close();
    b_.close();
    NetTest::TearDown();
  }
  std::string read_now() {
    char piece[64];
    return {piece, a_.read_some(piece)};
  }
  std::pair<UnixStream, UnixStream> ends_;
  UnixStream& a_ = ends_.first;
  UnixStream& b_ = ends_.second;
};

TEST_F(NetRing, ManyTransfersShareASystemCall) {
  constexpr int kPairs = 50;
  constexpr int kRounds = 20;
  std::vector<Fiber<void>> fibers;
  for (int i = 0; i < kPairs; ++i) {
    fibers.push_back(spawn([] {
      auto [here, there] = UnixStream::pair();
      char byte = 'x';
      for (int round = 0; round < kRounds; ++round) {
        here.write_all({&byte, 1});
        EXPECT_EQ(there.read_some({&byte, 1}), 1U);
      }
    }));
  }
  const auto before = ring()->counters();
  joinall(fibers);
  const auto after = ring()->counters();
  EXPECT_GE(after.calls - before.calls, 2U * kPairs * kRounds);
  EXPECT_LT(after.system_calls - before.system_calls, (after.calls - before.calls) / 10);
}

TEST_F(NetRing, AReadThatWasKilledTakesNothing) {
  const auto reader = spawn([&] { return read_now(); });
  yield();
  reader.kill();
  b_.write_all("later");
  EXPECT_EQ(read_now(), "later");
}

TEST_F(NetRing, AReadWhoseTimeIsUpTakesNothing) {
  a_.set_timeout(5ms);
  EXPECT_EQ(error_of([&] { read_now(); }), ETIMEDOUT);
  b_.write_all("later");
  EXPECT_EQ(read_now(), "later");
}

TEST_F(NetRing, CloseEndsAReadOfAnother) {
  const auto reader = spawn([&] { return error_of([&] { read_now(); }); });
  yield();
  a_.close();
  EXPECT_EQ(reader.get(), EBADF);
}

TEST_F(NetRing, AWriteThatFindsNoRoomCanBeKilled) {
  const std::string much(16U << 20, 'x');
  const auto writer = spawn([&] { b_.write_all(much); });
  yield();
  writer.kill();
  b_.close();
  EXPECT_LT(read_rest(a_).size(), much.size());
}

// The kernel may have taken the bytes already when a read is called off: then it returns them.
TEST_F(NetRing, NothingIsLostWhenReadsAreCalledOff) {
  constexpr std::uint32_t kMost = 20000;
  const int other = b_.release();
  ASSERT_EQ(::fcntl(other, F_SETFL, 0), 0);  // it may block
  std::thread writer([other] {
    for (std::uint32_t i = 0; i < kMost; ++i) {
      ASSERT_EQ(::write(other, &i, sizeof i), static_cast<ssize_t>(sizeof i));
      if (i % 16 == 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(i % 256));
      }
    }
    ::close(other);
  });
  std::minstd_rand random(7);
  std::string all;
  long called_off = 0;
  for (bool is_over = false; !is_over;) {
    try {
      const Timeout limit(std::chrono::microseconds(random() % 200));
      const std::string piece = read_now();
      all += piece;
      is_over = piece.empty();
    } catch (const TimeoutError&) {
      ++called_off;
    }
  }
  writer.join();
  EXPECT_GT(called_off, 0);
  ASSERT_EQ(all.size(), kMost * sizeof(std::uint32_t));
  for (std::uint32_t i = 0; i < kMost; ++i) {
    std::uint32_t found = 0;
    all.copy(reinterpret_cast<char*>(&found), sizeof found, i * sizeof found);
    ASSERT_EQ(found, i);
  }
}

// What waits elsewhere on the hub is woken while calls are under way in the ring.
TEST_F(NetRing, ThePollOfDescriptorsGoesOn) {
  const auto reader = spawn([&] { return read_now(); });
  Pipe pipe;
  const auto waiter = spawn([&] { wait_fd(pipe.out(), FdEvent::kReadable); });
  sleep(1ms);  // a timer, too
  pipe.feed();
  waiter.join();
  EXPECT_FALSE(reader.ready());
  b_.write_all("end");
  EXPECT_EQ(reader.get(), "end");
}

TEST_F(NetRing, AForkLeavesTheParentsCallsAlone) {
  if (fork_refusal() != nullptr) {
    GTEST_SKIP() << fork_refusal();
  }
  const auto reader = spawn([&] { return read_now(); });
  sleep(1ms);
  const pid_t child = weft::fork();
  if (child == 0) {
    auto [here, there] = UnixStream::pair();
    here.write_all("own");
    char piece[8];
    const bool is_right = has_ring() && std::string(piece, there.read_some(piece)) == "own";
    std::_Exit(is_right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  b_.write_all("of the parent");
  EXPECT_EQ(reader.get(), "of the parent");
}

// A reader that an edge has woken is not in the descriptor's queue, where a close looks for
// waiters.
TEST_F(NetRing, ACloseBehindAnEdgeEndsARead) {
  const auto reader = spawn([&] { return error_of([&] { read_now(); }); });
  yield();
  runtime::fd_slot(a_.fileno())->on_event(EPOLLIN);  // as if others waited for it by epoll
  a_.close();
  EXPECT_EQ(reader.get(), EBADF);
}

// The kernel says it once only.
TEST_F(NetRing, AnErrorThatComesBeforeAKillIsSeen) {
  auto [here, there] = tcp_pair();
  const auto reader = spawn([from = &here] {
    char byte = 0;
    return error_of([&] { (void)from->read_some({&byte, 1}); });
  });
  yield();
  const linger at_once = {1, 0};
  ASSERT_EQ(::setsockopt(there.fileno(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  there.close();  // resets the connection
  reader.kill_soon();
  EXPECT_EQ(reader.get(), ECONNRESET);
}

// io_uring takes 32 bits of a length: of 4 GiB nothing would be left.
TEST_F(NetRing, MoreThanTheKernelTakesAtOnce) {
  constexpr std::size_t kMuch = std::size_t{4} << 30;
  void* const room = ::mmap(nullptr, kMuch, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(room, MAP_FAILED);
  auto* const bytes = static_cast<char*>(room);
  b_.write_all("few");
  EXPECT_EQ(a_.read_some({bytes, kMuch}), 3U);
  EXPECT_GT(b_.write_some({bytes, kMuch}), 0U);
  ::munmap(room, kMuch);
}

int busy_in_handlers = 0;
int idle_in_handlers = 0;

// A handler may leave by a jump; then the kernel would write to what is another's stack by then.
TEST_F(NetRing, NoCallIsUnderWayWhileAHandlerRuns) {
  busy_in_handlers = 0;
  idle_in_handlers = 0;
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) { ++(busy_ring() ? busy_in_handlers : idle_in_handlers); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  runtime::Fiber* who = nullptr;
  const auto reader = spawn([&] {
    who = runtime::current();
    return read_now();
  });
  yield();
  siginfo_t info = {};
  info.si_signo = SIGUSR1;
  info.si_code = SI_TKILL;
  ASSERT_EQ(runtime::fiber_signals::send(*who, info), 0);
  sleep(1ms);
  EXPECT_EQ(busy_in_handlers, 0);
  EXPECT_EQ(idle_in_handlers, 1);
  EXPECT_FALSE(reader.ready());
  b_.write_all("after it");
  EXPECT_EQ(reader.get(), "after it");
  ::sigaction(SIGUSR1, &before, nullptr);
}

class AloneRing : public NetRing {
 protected:
  void SetUp() override {
    NetRing::SetUp();
    if (IsSkipped()) {
      return;
    }
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    ASSERT_EQ(alone_.open(epoll_), 0);
    ASSERT_TRUE(alone_.submit(
        call_,
        {.direction = runtime::Direction::kRead, .fd = a_.fileno(), .bytes = &byte_, .size = 1}));
  }
  void TearDown() override {
    if (epoll_ >= 0) {
      alone_.close(true);
      EXPECT_TRUE(call_.is_done());
      EXPECT_EQ(call_.result(), -ECANCELED);
      ::close(epoll_);
    }
    NetRing::TearDown();
  }
  runtime::Ring alone_;
  runtime::Ring::Call call_{nullptr};  // never done while somebody polls: nobody is unparked
  char byte_ = 0;
  int epoll_ = -1;
};

// The kernel tells of the signal only where nothing was handed over.
TEST_F(AloneRing, ASignalEndsAWaitThatHandedSomethingOver) {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> is_over{false};
  std::thread caller([&is_over, who = ::pthread_self()] {
    while (!is_over) {
      ::pthread_kill(who, SIGUSR1);
      std::this_thread::sleep_for(1ms);
    }
  });
  const runtime::Ring::Polled polled = alone_.poll(-1);
  is_over = true;
  caller.join();
  EXPECT_TRUE(polled.signal);
  EXPECT_EQ(polled.calls, 0);
  ::sigaction(SIGUSR1, &before, nullptr);
}

// Nor does it tell of its end.
TEST_F(AloneRing, TheLimitOfAWaitThatHandedSomethingOverIsNoSignal) {
  const runtime::Ring::Polled polled = alone_.poll(1'000'000);
  EXPECT_FALSE(polled.signal);
  EXPECT_EQ(polled.calls, 0);
}

// Runs when the thread's scheduler has ended, and the thread has not.
struct BehindTheScheduler {
  std::function<void()> run = [] {};
  ~BehindTheScheduler() { run(); }
};

// Its fibers never run again, and their stacks are nobody's: the kernel must not write there.
TEST_F(NetRing, AThreadMayEndWhileItsFibersWait) {
  static char untouched[64] = {};
  std::string read_behind;
  std::thread([&] {
    static thread_local BehindTheScheduler behind;
    behind.run = [&] {
      ASSERT_EQ(::write(b_.fileno(), "not taken", 9), 9);
      char piece[64];
      const ssize_t got = ::recv(a_.fileno(), piece, sizeof piece, MSG_DONTWAIT);
      read_behind.assign(piece, got > 0 ? static_cast<std::size_t>(got) : 0);
    };
    static const auto* const stranded =
        new Fiber<void>(spawn([this] { (void)a_.read_some(untouched); }));
    EXPECT_FALSE(stranded->ready());
    sleep(1ms);  // the kernel has its read
  }).join();
  EXPECT_EQ(read_behind, "not taken");
  EXPECT_EQ(untouched[0], '\0');
  const int in_use_for_ever = a_.fileno();
  a_.close();
  ::close(in_use_for_ever);
}

void forbid(unsigned call) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {std::size(program), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    std::_Exit(2);
  }
}

// Status 0 if bytes come by epoll.
[[noreturn]] void talk_without_io_uring() {
  forbid(SYS_io_uring_setup);
  auto [here, there] = UnixStream::pair();
  const auto writer = spawn([to = &here] { to->write_all("by epoll"); });
  char piece[16];
  const bool is_right = std::string(piece, there.read_some(piece)) == "by epoll";
  std::_Exit(is_right && !has_ring() ? 0 : 1);
}

TEST(NetRingDeathTest, WhereTheKernelRefusesEpollDoes) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      talk_without_io_uring(), testing::ExitedWithCode(0),
      "^weft: WEFT_HUB=io_uring: the kernel refuses an io_uring of our kind \\(Operation not "
      "permitted\\): epoll it is\\. It takes Linux 6\\.1, and permission\\.\n$");
}

// Nothing can go on behind that, and a loop that tries again and again would not say why.
TEST(NetRingDeathTest, AFilterThatComesLaterIsNamed) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  spawn([] {}).join();
  if (!has_ring()) {
    GTEST_SKIP() << "the kernel refuses io_uring here";
  }
  const auto talk = [] {
    auto [here, there] = UnixStream::pair();
    forbid(SYS_io_uring_enter);
    there.write_all("x");
  };
  EXPECT_DEATH(talk(), "weft: fatal: the hub's io_uring works.*seccomp");
}

}  // namespace
}  // namespace weft::net

int main(int argc, char** argv) {
  ::setenv("WEFT_HUB", "io_uring", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

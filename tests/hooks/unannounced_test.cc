// tests/hooks/unannounced_test.cc: calls whose wait no descriptor announces hand their worker over
// at once. Run with a slice (WEFT_SLICE) that is longer than the tests may take.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "tests/support/clock.h"
#include "tests/support/fd.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// Runs `call`, which must block, in a thread, and goes on meanwhile. It may take a kernel thread.
void expect_hands_over(const std::function<void()>& call, const std::function<void()>& unblock) {
  const Stopwatch watch;
  std::atomic<bool> started{false};
  std::atomic<bool> finished{false};
  Thread caller([&] {
    started = true;
    call();
    finished = true;
  });
  while (!started) {
    usleep(1000);
  }
  for (int round = 0; round < 5; ++round) {
    usleep(1000);
  }
  EXPECT_LT(watch.elapsed(), seconds(2)) << "the call has held its worker";
  EXPECT_FALSE(finished) << "the call was to block, and came back";
  unblock();
}

class Folder {
 public:
  Folder() { EXPECT_NE(mkdtemp(name_.data()), nullptr); }
  ~Folder() {
    unlink(path().c_str());
    rmdir(name_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  /// Of its only file.
  [[nodiscard]] std::string path() const { return name_ + "/file"; }
  [[nodiscard]] Fd open_file() const { return Fd(open(path().c_str(), O_RDWR | O_CREAT, 0600)); }

 private:
  std::string name_ = "/tmp/weft-test-XXXXXX";
};

flock64 first_byte(short type) {
  flock64 lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  return lock;
}

// Another process, which has a lock on the first byte as long as this object lives.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    const Pair pair = make_pipe();
    child_ = fork();
    if (child_ == 0) {
      alarm(60);
      flock64 lock = first_byte(F_WRLCK);
      const int fd = open(path.c_str(), O_RDWR);
      if (fcntl(fd, F_SETLK64, &lock) == 0) {
        pair.feed("x");
      }
      for (;;) {
        pause();
      }
    }
    EXPECT_EQ(read_some(pair.near), "x");
  }
  ~Holder() { end(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  void end() {
    if (child_ > 0) {
      EXPECT_EQ(kill(child_, SIGKILL), 0);
      EXPECT_EQ(waitpid(child_, nullptr, 0), child_);
      child_ = 0;
    }
  }

 private:
  pid_t child_ = 0;
};

TEST(FileLock, FlockHandsOver) {
  const Folder folder;
  const Fd first = folder.open_file();
  const Fd second = folder.open_file();
  ASSERT_EQ(flock(first, LOCK_EX), 0);
  expect_hands_over([&] { EXPECT_EQ(flock(second, LOCK_SH), 0); },
                    [&] { EXPECT_EQ(flock(first, LOCK_UN), 0); });
}

TEST(FileLock, LockOfADescriptionHandsOver) {
  const Folder folder;
  const Fd first = folder.open_file();
  const Fd second = folder.open_file();
  flock64 lock = first_byte(F_WRLCK);
  ASSERT_EQ(fcntl(first, F_OFD_SETLK, &lock), 0);
  expect_hands_over([&] { EXPECT_EQ(fcntl(second, F_OFD_SETLKW, &lock), 0); },
                    [&] {
                      flock64 none = first_byte(F_UNLCK);
                      EXPECT_EQ(fcntl(first, F_OFD_SETLK, &none), 0);
                    });
}

TEST(FileLock, LockOfAProcessHandsOver) {
  const Folder folder;
  const Fd fd = folder.open_file();
  Holder holder(folder.path());
  expect_hands_over(
      [&] {
        flock64 lock = first_byte(F_WRLCK);
        EXPECT_EQ(fcntl(fd, F_SETLKW64, &lock), 0);
      },
      [&] { holder.end(); });
}

TEST(FileLock, LockfHandsOver) {
  const Folder folder;
  const Fd fd = folder.open_file();
  Holder holder(folder.path());
  expect_hands_over([&] { EXPECT_EQ(lockf(fd, F_LOCK, 1), 0); }, [&] { holder.end(); });
}

TEST(Fifo, OpenHandsOver) {
  const Folder folder;
  ASSERT_EQ(mkfifo(folder.path().c_str(), 0600), 0);
  Fd reader;
  Fd writer;
  expect_hands_over([&] { reader = Fd(open(folder.path().c_str(), O_RDONLY)); },
                    [&] { writer = Fd(open(folder.path().c_str(), O_WRONLY)); });
  EXPECT_EQ(write(writer, "x", 1), 1);
  EXPECT_EQ(read_some(reader), "x");
}

TEST(Fifo, FopenHandsOver) {
  const Folder folder;
  ASSERT_EQ(mkfifo(folder.path().c_str(), 0600), 0);
  FILE* writer = nullptr;
  Fd reader;
  expect_hands_over([&] { writer = fopen(folder.path().c_str(), "w"); },
                    [&] { reader = Fd(open(folder.path().c_str(), O_RDONLY)); });
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(fclose(writer), 0);
}

struct Message {
  long type = 1;
  char text[2048] = {};
};

TEST(SystemV, MsgrcvHandsOver) {
  const int queue = msgget(IPC_PRIVATE, 0600);
  ASSERT_GE(queue, 0);
  Message message;
  expect_hands_over([&] { EXPECT_EQ(msgrcv(queue, &message, sizeof message.text, 0, 0), 5); },
                    [&] {
                      Message sent;
                      EXPECT_EQ(msgsnd(queue, &sent, 5, 0), 0);
                    });
  EXPECT_EQ(msgctl(queue, IPC_RMID, nullptr), 0);
}

TEST(SystemV, MsgsndHandsOver) {
  const int queue = msgget(IPC_PRIVATE, 0600);
  ASSERT_GE(queue, 0);
  Message message;
  while (msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT) == 0) {
  }
  ASSERT_EQ(errno, EAGAIN);
  expect_hands_over([&] { EXPECT_EQ(msgsnd(queue, &message, sizeof message.text, 0), 0); },
                    [&] {
                      Message got;
                      EXPECT_GT(msgrcv(queue, &got, sizeof got.text, 0, 0), 0);
                    });
  EXPECT_EQ(msgctl(queue, IPC_RMID, nullptr), 0);
}

TEST(SystemV, SemopHandsOver) {
  const int semaphore = semget(IPC_PRIVATE, 1, 0600);
  ASSERT_GE(semaphore, 0);
  sembuf take = {0, -1, 0};
  sembuf post = {0, 1, 0};
  expect_hands_over([&] { EXPECT_EQ(semop(semaphore, &take, 1), 0); },
                    [&] { EXPECT_EQ(semop(semaphore, &post, 1), 0); });
  const timespec long_time = {100, 0};
  expect_hands_over([&] { EXPECT_EQ(semtimedop(semaphore, &take, 1, &long_time), 0); },
                    [&] { EXPECT_EQ(semop(semaphore, &post, 1), 0); });
  EXPECT_EQ(semctl(semaphore, 0, IPC_RMID), 0);
}

// What ends when `go` is closed: a child, or a program.
class Gate {
 public:
  [[nodiscard]] pid_t fork_waiter(int code) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      pair_.far.reset();
      _exit(read_some(pair_.near).empty() ? code : 1);
    }
    return child;
  }
  [[nodiscard]] std::string command() const {
    return "exec " + std::to_string(pair_.far) + ">&-; read line <&" + std::to_string(pair_.near);
  }
  void open() { pair_.far.reset(); }

 private:
  Pair pair_ = make_pipe();
};

TEST(Wait, ForAnyChildHandsOver) {
  Gate gate;
  const pid_t child = gate.fork_waiter(5);
  int status = 0;
  expect_hands_over([&] { EXPECT_EQ(wait(&status), child); }, [&] { gate.open(); });
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST(Wait, ForAGroupHandsOver) {
  Gate gate;
  const pid_t child = gate.fork_waiter(6);
  ASSERT_EQ(setpgid(child, child), 0);
  siginfo_t info = {};
  expect_hands_over([&] { EXPECT_EQ(waitid(P_PGID, static_cast<id_t>(child), &info, WEXITED), 0); },
                    [&] { gate.open(); });
  EXPECT_EQ(info.si_status, 6);
}

TEST(Wait, ForAStoppedChildHandsOver) {
  Gate gate;
  const pid_t child = gate.fork_waiter(7);
  int status = 0;
  expect_hands_over([&] { EXPECT_EQ(waitpid(child, &status, WUNTRACED), child); },
                    [&] { EXPECT_EQ(kill(child, SIGSTOP), 0); });
  EXPECT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(kill(child, SIGCONT), 0);
  gate.open();
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Command, SystemHandsOver) {
  Gate gate;
  expect_hands_over(
      [&] { EXPECT_EQ(WEXITSTATUS(std::system((gate.command() + "; exit 3").c_str())), 3); },
      [&] { gate.open(); });
}

TEST(Command, PcloseHandsOver) {
  Gate gate;
  FILE* const stream = popen((gate.command() + "; exit 4").c_str(), "w");
  ASSERT_NE(stream, nullptr);
  expect_hands_over([&] { EXPECT_EQ(WEXITSTATUS(pclose(stream)), 4); }, [&] { gate.open(); });
}

TEST(Command, WordexpHandsOver) {
  Gate gate;
  expect_hands_over(
      [&] {
        wordexp_t words = {};
        EXPECT_EQ(wordexp(("$(" + gate.command() + "; echo a b)").c_str(), &words, 0), 0);
        EXPECT_EQ(words.we_wordc, 2U);
        wordfree(&words);
      },
      [&] { gate.open(); });
}

// Parks: a queue has a descriptor.
TEST(MessageQueue, LetsOthersRun) {
  const std::string name = "/weft-test-" + std::to_string(getpid());
  mq_attr attributes = {};
  attributes.mq_maxmsg = 1;
  attributes.mq_msgsize = 8;
  const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
  if (queue < 0 && (errno == ENOSYS || errno == EACCES)) {
    GTEST_SKIP() << "no message queues here";
  }
  ASSERT_GE(queue, 0);
  ASSERT_EQ(mq_unlink(name.c_str()), 0);
  char text[8] = {};
  const auto receive = [&] { EXPECT_EQ(mq_receive(queue, text, sizeof text, nullptr), 1); };
  const auto send = [&] { EXPECT_EQ(mq_send(queue, "x", 1, 0), 0); };
  expect_hands_over(receive, send);
  send();
  expect_hands_over(send, receive);
  const timespec until = after(seconds(100));
  receive();
  expect_hands_over(
      [&] { EXPECT_EQ(mq_timedreceive(queue, text, sizeof text, nullptr, &until), 1); }, send);
  EXPECT_EQ(mq_close(queue), 0);
}

}  // namespace
}  // namespace weft::test

// tests/hooks/fork_test.cc: fork from inside a thread.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// Runs `body` in a child, whose exit status it gives. The child ends itself if it hangs.
pid_t start_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    _exit(body());
  }
  EXPECT_GT(child, 0);
  return child;
}

void expect_exit(pid_t child, int code) {
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), code);
}

void in_thread(const std::function<void()>& body) { Thread thread(body); }

TEST(Fork, ChildOfAThreadExits) {
  in_thread([] { expect_exit(start_child([] { return 7; }), 7); });
}

TEST(Fork, ChildSleeps) {
  in_thread([] {
    const Stopwatch watch;
    expect_exit(start_child([] { return usleep(30'000) == 0 ? 8 : 1; }), 8);
    watch.expect(milliseconds(30), milliseconds(100));
  });
}

TEST(Fork, ChildAndParentTalkThroughPipes) {
  in_thread([] {
    Pair down = make_pipe();
    Pair up = make_pipe();
    const pid_t child = start_child([&] {
      down.far.reset();
      const std::string asked = read_some(down.near);
      up.feed("got " + asked);
      return read_some(down.near).empty() ? 0 : 1;
    });
    down.near.reset();
    up.far.reset();
    usleep(5000);
    down.feed("question");
    EXPECT_EQ(read_some(up.near), "got question");
    down.far.reset();
    EXPECT_EQ(read_some(up.near), "") << "the child has ended";
    expect_exit(child, 0);
  });
}

// Both sides used the same hub before: afterwards each must have its own.
TEST(Fork, ChildLeavesTheWaitsOfTheParentAlone) {
  const Pair pair = make_tcp_pair();
  std::string got;
  Thread reader([&] { got = read_some(pair.near); });
  usleep(5000);
  in_thread([&] {
    expect_exit(start_child([&] {
                  const Pair own = make_unix_stream();
                  own.feed("x");
                  close(pair.near);
                  close(pair.far);
                  return read_some(own.near) == "x" ? 0 : 1;
                }),
                0);
  });
  pair.feed("still there");
  reader.join();
  EXPECT_EQ(got, "still there");
}

TEST(Fork, ChildUsesSocketsItInherited) {
  in_thread([] {
    const Pair pair = make_tcp_pair();
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near), "x"); }, [&] { pair.feed("x"); });
    const pid_t child = start_child([&] {
      const std::string text = read_some(pair.near);
      return write(pair.near, text.data(), text.size()) == 2 ? 0 : 1;
    });
    usleep(3000);
    pair.feed("yo");
    EXPECT_EQ(read_some(pair.far), "yo");
    expect_exit(child, 0);
  });
}

TEST(Fork, ChildMakesThreads) {
  in_thread([] {
    expect_exit(start_child([] {
                  std::atomic<int> count{0};
                  const Pair pair = make_pipe();
                  {
                    std::vector<std::unique_ptr<Thread>> threads;
                    for (int i = 0; i < 20; ++i) {
                      threads.push_back(std::make_unique<Thread>([&] {
                        usleep(1000);
                        count += read_some(pair.near, 1) == "x" ? 1 : 0;
                      }));
                    }
                    usleep(5000);
                    pair.feed(std::string(20, 'x'));
                  }
                  return count.load();
                }),
                20);
  });
}

TEST(Fork, OtherThreadsDoNotExistInTheChild) {
  std::atomic<bool> done{false};
  std::atomic<int> ticks{0};
  Thread ticker([&] {
    while (!done) {
      ++ticks;
      usleep(500);
    }
  });
  in_thread([&] {
    expect_exit(start_child([&] {
                  const int before = ticks;
                  usleep(20'000);
                  return ticks == before ? 0 : 1;
                }),
                0);
  });
  const int before = ticks;
  usleep(20'000);
  EXPECT_GT(ticks, before) << "and in the parent they go on";
  done = true;
}

TEST(Fork, IdentityIsKept) {
  in_thread([] {
    const pthread_t self = pthread_self();
    thread_local int own = 5;
    own = 6;
    expect_exit(
        start_child([&] { return pthread_equal(self, pthread_self()) != 0 && own == 6 ? 0 : 1; }),
        0);
  });
}

TEST(Fork, MutexHeldByTheForkingThread) {
  in_thread([] {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    expect_exit(
        start_child([&] {
          return pthread_mutex_unlock(&mutex) == 0 && pthread_mutex_trylock(&mutex) == 0 ? 0 : 1;
        }),
        0);
    pthread_mutex_unlock(&mutex);
  });
}

TEST(Fork, AtforkHandlersRunInOrder) {
  static std::string order;
  ASSERT_EQ(pthread_atfork([] { order += 'p'; }, [] { order += 'a'; }, [] { order += 'c'; }), 0);
  in_thread([] {
    order.clear();
    expect_exit(start_child([] { return order == "pc" ? 0 : 1; }), 0);
    EXPECT_EQ(order, "pa");
  });
}

TEST(Fork, GrandchildWorks) {
  in_thread([] {
    expect_exit(start_child([] {
                  const pid_t grandchild = fork();
                  if (grandchild == 0) {
                    usleep(1000);
                    _exit(3);
                  }
                  int status = 0;
                  return waitpid(grandchild, &status, 0) == grandchild ? WEXITSTATUS(status) : 1;
                }),
                3);
  });
}

TEST(Fork, ManyThreadsForkAtOnce) {
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 20; ++i) {
    threads.push_back(std::make_unique<Thread>([i] {
      expect_exit(start_child([i] {
                    usleep(1000);
                    return i;
                  }),
                  i);
    }));
  }
}

TEST(Waitpid, LetsOthersRun) {
  const Pair pair = make_pipe();
  const pid_t child = start_child([&] { return read_some(pair.near) == "go" ? 4 : 1; });
  expect_others_run([&] { expect_exit(child, 4); }, [&] { pair.feed("go"); });
}

TEST(Waitpid, ReportsTheSignal) {
  const pid_t child = start_child([] { return static_cast<int>(sleep(10)); });
  EXPECT_EQ(kill(child, SIGTERM), 0);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_EQ(waitpid(child, &status, 0), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(System, LetsOthersRun) {
  const Stopwatch watch;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 5; ++i) {
      threads.push_back(std::make_unique<Thread>(
          [] { EXPECT_EQ(WEXITSTATUS(std::system("sleep 0.2; exit 3")), 3); }));
    }
  }
  watch.expect(milliseconds(200), milliseconds(400));
}

}  // namespace
}  // namespace weft::test

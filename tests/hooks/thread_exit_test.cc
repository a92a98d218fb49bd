// tests/hooks/thread_exit_test.cc: how a thread ends before its function does.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// What happened, in order; one thread at a time writes here.
std::string trace;

struct Traced {
  explicit Traced(char name) : letter(name) {}
  ~Traced() { trace += letter; }
  Traced(const Traced&) = delete;
  Traced& operator=(const Traced&) = delete;
  char letter;
};

void add_to_trace(void* letter) { trace += *static_cast<const char*>(letter); }

void* run_and_join(void* (*body)(void*), void* argument = nullptr) {
  trace.clear();
  pthread_t id{};
  EXPECT_EQ(pthread_create(&id, nullptr, body, argument), 0);
  void* result = nullptr;
  EXPECT_EQ(pthread_join(id, &result), 0);
  return result;
}

void exit_deep_inside(int depth) {
  const Traced traced(static_cast<char>('0' + depth));
  if (depth > 0) {
    exit_deep_inside(depth - 1);
  } else if (depth == 0) {
    pthread_exit(&trace);
  }
}

TEST(Exit, RunsDestructorsOfEveryFrame) {
  const auto body = [](void*) -> void* {
    exit_deep_inside(3);
    return nullptr;
  };
  EXPECT_EQ(run_and_join(body), &trace);
  EXPECT_EQ(trace, "0123");
}

TEST(Exit, RunsCleanupHandlersInReverse) {
  const auto body = [](void*) -> void* {
    char first = 'a';
    char second = 'b';
    pthread_cleanup_push(add_to_trace, &first);
    pthread_cleanup_push(add_to_trace, &second);
    pthread_exit(nullptr);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return nullptr;
  };
  run_and_join(body);
  EXPECT_EQ(trace, "ba");
}

TEST(Exit, CleanupHandlersPoppedOnTheWay) {
  const auto body = [](void*) -> void* {
    char first = 'a';
    char second = 'b';
    pthread_cleanup_push(add_to_trace, &first);
    pthread_cleanup_push(add_to_trace, &second);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(1);
    return nullptr;
  };
  run_and_join(body);
  EXPECT_EQ(trace, "a");
}

TEST(Exit, CatchAllSeesItAndMustPassItOn) {
  const auto body = [](void*) -> void* {
    try {
      const Traced traced('d');
      pthread_exit(&trace);
    } catch (...) {
      trace += 'c';
      throw;
    }
    return nullptr;
  };
  EXPECT_EQ(run_and_join(body), &trace);
  EXPECT_EQ(trace, "dc");
}

TEST(Exit, DestructorMayBlock) {
  static Pair* pipe = nullptr;
  Pair pair = make_pipe();
  pipe = &pair;
  struct Reader {
    ~Reader() { trace += read_some(pipe->near); }
  };
  const auto body = [](void*) -> void* {
    const Reader reader;
    pthread_exit(nullptr);
  };
  expect_others_run([&] { run_and_join(body); }, [&] { pair.feed("blocked"); });
  EXPECT_EQ(trace, "blocked");
}

TEST(Exit, AfterAnExceptionWasCaught) {
  const auto body = [](void*) -> void* {
    try {
      throw 1;
    } catch (int) {
      usleep(1000);
      trace += 'e';
    }
    const Traced traced('d');
    pthread_exit(&trace);
  };
  EXPECT_EQ(run_and_join(body), &trace);
  EXPECT_EQ(trace, "ed");
}

TEST(Cancel, WakesAThreadThatBlocks) {
  const Pair pair = make_pipe();
  std::atomic<bool> cleaned{false};
  Thread canceller([&] {
    pthread_t id{};
    struct Context {
      int fd;
      std::atomic<bool>* cleaned;
    } context{pair.near, &cleaned};
    const auto body = [](void* argument) -> void* {
      const auto* const given = static_cast<Context*>(argument);
      struct Cleanup {
        std::atomic<bool>* flag;
        ~Cleanup() { *flag = true; }
      } const cleanup{given->cleaned};
      char byte = 0;
      (void)!read(given->fd, &byte, 1);
      return nullptr;
    };
    ASSERT_EQ(pthread_create(&id, nullptr, body, &context), 0);
    usleep(5000);
    EXPECT_EQ(pthread_cancel(id), 0);
    void* result = nullptr;
    EXPECT_EQ(pthread_join(id, &result), 0);
    EXPECT_EQ(result, PTHREAD_CANCELED);
  });
  canceller.join();
  EXPECT_TRUE(cleaned);
}

TEST(Cancel, IsHeldBackWhileDisabled) {
  const auto body = [](void*) -> void* {
    int before = -1;
    EXPECT_EQ(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before), 0);
    EXPECT_EQ(before, PTHREAD_CANCEL_ENABLE);
    EXPECT_EQ(pthread_cancel(pthread_self()), 0);
    usleep(1000);
    trace += 'd';
    EXPECT_EQ(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr), 0);
    pthread_testcancel();
    trace += 'x';
    return nullptr;
  };
  EXPECT_EQ(run_and_join(body), PTHREAD_CANCELED);
  EXPECT_EQ(trace, "d");
}

}  // namespace
}  // namespace weft::test

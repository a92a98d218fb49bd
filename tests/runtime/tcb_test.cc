#include "runtime/tcb.h"

#include <locale.h>
#include <pthread.h>
#include <weft/fiber.h>

#include <cctype>
#include <cerrno>
#include <system_error>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

class OwnTls : public test::RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (const char* const refusal = test::own_tls_refusal()) {
      GTEST_SKIP() << refusal;
    }
  }
  template <class F>
  static auto spawn_own(F f) {
    return weft::spawn({.own_tls = true}, std::move(f));
  }
};

thread_local int number = 42;
thread_local int zero;
[[gnu::noinline]] int& number_here() { return number; }
[[gnu::noinline]] int& zero_here() { return zero; }
[[gnu::noinline]] int& errno_here() { return errno; }

TEST_F(OwnTls, EveryFiberHasItsOwnVariables) {
  number_here() = 1;
  const auto body = [](int mine) {
    EXPECT_EQ(number_here(), 42);
    EXPECT_EQ(zero_here(), 0);
    EXPECT_EQ(errno_here(), 0);
    for (int i = 0; i < 10; ++i) {
      number_here() = mine;
      zero_here() = mine + 1;
      errno_here() = mine + 2;
      weft::yield();
      EXPECT_EQ(number_here(), mine);
      EXPECT_EQ(zero_here(), mine + 1);
      EXPECT_EQ(errno_here(), mine + 2);
    }
  };
  weft::joinall({weft::spawn({.own_tls = true}, body, 100),
                 weft::spawn({.own_tls = true}, body, 200),
                 weft::spawn({.own_tls = true}, body, 300)});
  EXPECT_EQ(number_here(), 1);
  number_here() = 42;
}

TEST_F(OwnTls, AReusedFiberStartsWithInitialValues) {
  for (int i = 0; i < 3; ++i) {
    spawn_own([] {
      EXPECT_EQ(number_here(), 42);
      EXPECT_EQ(zero_here(), 0);
      number_here() = 7;
      zero_here() = 7;
    }).join();
  }
}

struct Noisy {
  std::vector<int>* log = nullptr;
  int value = 0;
  ~Noisy() {
    if (log != nullptr) {
      log->push_back(value);
    }
  }
};
thread_local Noisy noisy;
[[gnu::noinline]] Noisy& noisy_here() { return noisy; }

TEST_F(OwnTls, ThreadLocalObjectsAreDestroyedBeforeJoinReturns) {
  std::vector<int> log;
  for (int i = 0; i < 2; ++i) {
    spawn_own([&log, i] {
      noisy_here().log = &log;
      noisy_here().value = i;
      weft::yield();
    }).join();
    EXPECT_EQ(log.size(), static_cast<std::size_t>(i + 1));
  }
  EXPECT_EQ(log, (std::vector{0, 1}));
}

TEST_F(OwnTls, KeyDestructorsRunOnceAndMayParkAndSetAgain) {
  static pthread_key_t key;
  static int runs = 0;
  runs = 0;
  ASSERT_EQ(::pthread_key_create(&key,
                                 [](void* value) {
                                   weft::yield();
                                   if (++runs == 1) {
                                     ::pthread_setspecific(key, value);
                                   }
                                 }),
            0);
  spawn_own([] {
    EXPECT_EQ(::pthread_getspecific(key), nullptr);
    ::pthread_setspecific(key, &runs);
    weft::yield();
    EXPECT_EQ(::pthread_getspecific(key), &runs);
  }).join();
  EXPECT_EQ(runs, 2);
  spawn_own([] { EXPECT_EQ(::pthread_getspecific(key), nullptr); }).join();
  EXPECT_EQ(runs, 2);
  ::pthread_key_delete(key);
}

TEST_F(OwnTls, KeysBeyondTheFirstBlockWork) {
  std::vector<pthread_key_t> keys(100);
  for (pthread_key_t& key : keys) {
    ASSERT_EQ(::pthread_key_create(&key, nullptr), 0);
  }
  spawn_own([&keys] {
    for (pthread_key_t& key : keys) {
      ::pthread_setspecific(key, &key);
    }
    weft::yield();
    for (pthread_key_t& key : keys) {
      EXPECT_EQ(::pthread_getspecific(key), &key);
    }
  }).join();
  for (const pthread_key_t key : keys) {
    ::pthread_key_delete(key);
  }
}

TEST_F(OwnTls, PthreadSelfDiffersAndLeadsToTheFiber) {
  const pthread_t main_self = ::pthread_self();
  const auto body = [main_self] {
    const pthread_t self = ::pthread_self();
    EXPECT_FALSE(::pthread_equal(self, main_self));
    EXPECT_EQ(fiber_of_thread(reinterpret_cast<void*>(self)), current());
    weft::yield();
    EXPECT_TRUE(::pthread_equal(self, ::pthread_self()));
  };
  weft::joinall({spawn_own(body), spawn_own(body)});
  EXPECT_TRUE(::pthread_equal(::pthread_self(), main_self));
  EXPECT_EQ(fiber_of_thread(reinterpret_cast<void*>(main_self)), nullptr);
}

TEST_F(OwnTls, LocaleIsPerFiber) {
  const locale_t posix = ::newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
  ASSERT_NE(posix, nullptr);
  const auto setter = spawn_own([posix] {
    ::uselocale(posix);
    weft::yield();
    EXPECT_EQ(::uselocale(nullptr), posix);
    EXPECT_NE(std::isalpha('a'), 0);
  });
  const auto other = spawn_own([] {
    EXPECT_EQ(::uselocale(nullptr), LC_GLOBAL_LOCALE);
    EXPECT_NE(std::isdigit('7'), 0);
    weft::yield();
  });
  weft::joinall({setter, other});
  EXPECT_EQ(::uselocale(nullptr), LC_GLOBAL_LOCALE);
  ::freelocale(posix);
}

TEST_F(OwnTls, MixesWithFibersThatShareTheThreads) {
  const auto shared = weft::spawn([] {
    for (int i = 0; i < 20; ++i) {
      errno_here() = 5;
      weft::yield();
      EXPECT_EQ(errno_here(), 5);
    }
  });
  const auto own = spawn_own([] {
    for (int i = 0; i < 20; ++i) {
      errno_here() = 6;
      weft::yield();
      EXPECT_EQ(errno_here(), 6);
    }
  });
  weft::joinall({shared, own});
}

TEST(OwnTlsRefusal, IsAnErrorThatSaysWhy) {
  if (test::own_tls_refusal() == nullptr) {
    GTEST_SKIP() << "own TLS is available here";
  }
  try {
    weft::spawn({.own_tls = true}, [] {});
    FAIL() << "expected an exception";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOTSUP);
    EXPECT_NE(std::string(error.what()).find("TLS"), std::string::npos);
  }
}

}  // namespace
}  // namespace weft::runtime

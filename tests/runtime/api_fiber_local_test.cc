#include <weft/weft.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

class FiberLocal : public test::RuntimeTest {
 protected:
  // A fiber that shares the thread's TLS, one with its own (where possible), and a plain thread.
  template <class Body>
  static void everywhere(const Body& body) {
    spawn(body).get();
    if (test::own_tls_refusal() == nullptr) {
      spawn({.own_tls = true}, body).get();
    }
    std::thread(body).join();
  }
};

struct Noisy {
  std::vector<int>* log = nullptr;
  int value = 0;
  Noisy() = default;
  Noisy(std::vector<int>* l, int v) : log(l), value(v) {}
  Noisy(Noisy&& other) noexcept : log(std::exchange(other.log, nullptr)), value(other.value) {}
  Noisy& operator=(Noisy&&) = delete;
  ~Noisy() {
    if (log != nullptr) {
      log->push_back(value);
    }
  }
};

TEST_F(FiberLocal, StartsAsADefaultOrByItsFunction) {
  fiber_local<int> zero;
  fiber_local<int> seven([] { return 7; });
  everywhere([&] {
    EXPECT_EQ(*zero, 0);
    EXPECT_EQ(*seven, 7);
    *zero = 1;
    *seven = 2;
    EXPECT_EQ(zero.get() + seven.get(), 3);
  });
  EXPECT_EQ(*zero, 0);
}

TEST_F(FiberLocal, FibersDoNotSeeEachOthersValues) {
  fiber_local<int> mine;
  *mine = -1;
  const auto body = [&mine](int id) {
    EXPECT_EQ(*mine, 0);
    int* const address = &*mine;
    for (int i = 0; i < 10; ++i) {
      *mine = id;
      yield();
      EXPECT_EQ(*mine, id);
    }
    EXPECT_EQ(&*mine, address);
  };
  joinall({spawn(body, 1), spawn(body, 2), spawn(body, 3)});
  EXPECT_EQ(*mine, -1);
}

TEST_F(FiberLocal, IsDestroyedBeforeJoinReturns) {
  std::vector<int> log;
  fiber_local<Noisy> first([&log] { return Noisy(&log, 1); });
  fiber_local<Noisy> second([&log] { return Noisy(&log, 2); });
  everywhere([&] {
    log.clear();
    EXPECT_EQ(first->value, 1);
    EXPECT_EQ(second->value, 2);
    EXPECT_TRUE(log.empty());
  });
  EXPECT_EQ(log.size(), 2U);
}

TEST_F(FiberLocal, LastMadeIsDestroyedFirst) {
  std::vector<int> log;
  fiber_local<Noisy> first([&log] { return Noisy(&log, 1); });
  fiber_local<Noisy> second([&log] { return Noisy(&log, 2); });
  spawn([&] {
    first.get();
    second.get();
  }).join();
  EXPECT_EQ(log, (std::vector{2, 1}));
}

TEST_F(FiberLocal, ValuesOutliveTheVariable) {
  std::vector<int> log;
  auto variable = std::make_unique<fiber_local<Noisy>>([&log] { return Noisy(&log, 5); });
  const auto fiber = spawn([&] {
    variable->get();
    yield();
  });
  yield();
  variable.reset();
  EXPECT_TRUE(log.empty());
  fiber.join();
  EXPECT_EQ(log, std::vector{5});
}

TEST_F(FiberLocal, AReusedFiberHasNoneOfItsPredecessors) {
  fiber_local<int> value;
  for (int i = 0; i < 3; ++i) {
    spawn([&value] { EXPECT_EQ((*value)++, 0); }).join();
  }
}

}  // namespace
}  // namespace weft

// Exceptions in flight while fibers switch: libstdc++ keeps them in TLS, as one stack per thread.
#include <weft/fiber.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

class Exceptions : public test::RuntimeTest {
 protected:
  // Runs two copies of `body` by turns, on fibers of each kind that there is here.
  template <class Body>
  static void by_turns(Body body) {
    joinall({spawn(body, 1), spawn(body, 2)});
    if (test::own_tls_refusal() == nullptr) {
      joinall(
          {spawn({.own_tls = true}, body, 3), spawn(body, 4), spawn({.own_tls = true}, body, 5)});
    }
  }
};

TEST_F(Exceptions, ACaughtOneStaysCurrentAcrossSwitches) {
  by_turns([](int mine) {
    for (int i = 0; i < 20; ++i) {
      try {
        throw mine * 100 + i;
      } catch (const int& caught) {
        yield();
        EXPECT_EQ(caught, mine * 100 + i);
        try {
          throw;  // the current one, which must be ours
        } catch (const int& again) {
          yield();
          EXPECT_EQ(again, mine * 100 + i);
        }
      }
    }
    EXPECT_EQ(std::current_exception(), nullptr);
  });
}

TEST_F(Exceptions, NestedHandlersUnwindInOrder) {
  by_turns([](int mine) {
    try {
      throw std::runtime_error("outer " + std::to_string(mine));
    } catch (const std::exception& outer) {
      yield();
      try {
        yield();
        throw std::logic_error("inner " + std::to_string(mine));
      } catch (const std::exception& inner) {
        yield();
        EXPECT_EQ(inner.what(), "inner " + std::to_string(mine));
      }
      yield();
      EXPECT_EQ(outer.what(), "outer " + std::to_string(mine));
    }
  });
}

struct YieldsWhileUnwinding {
  int* seen;
  ~YieldsWhileUnwinding() {
    for (int i = 0; i < 5; ++i) {
      yield();
      *seen += std::uncaught_exceptions();
    }
  }
};

TEST_F(Exceptions, UncaughtOnesAreCountedPerFiber) {
  by_turns([](int) {
    int seen = 0;
    try {
      const YieldsWhileUnwinding guard{&seen};
      throw 1;
    } catch (int) {
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    }
    EXPECT_EQ(seen, 5);
    { const YieldsWhileUnwinding guard{&seen}; }
    EXPECT_EQ(seen, 5);
  });
}

TEST_F(Exceptions, AnExceptionPtrTravelsBetweenFibers) {
  std::exception_ptr carried;
  spawn([&carried] {
    try {
      throw std::runtime_error("carried");
    } catch (...) {
      carried = std::current_exception();
    }
  }).join();
  spawn([&carried] {
    try {
      std::rethrow_exception(carried);
    } catch (const std::runtime_error& error) {
      yield();
      EXPECT_STREQ(error.what(), "carried");
    }
  }).join();
}

}  // namespace
}  // namespace weft

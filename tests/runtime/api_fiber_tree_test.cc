#include <weft/weft.h>

#include <algorithm>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class FiberTreeTest : public RuntimeTest {};

// Its line, from which on the others are.
std::size_t place_of(const FiberTree& tree, std::uint64_t id) {
  const auto found = std::find_if(tree.nodes.begin(), tree.nodes.end(),
                                  [id](const auto& node) { return node.fiber.id == id; });
  return static_cast<std::size_t>(found - tree.nodes.begin());
}

TEST_F(FiberTreeTest, EachFiberIsBelowTheOneThatSpawnedIt) {
  weft::Event event;
  const auto wait = [&event] { event.wait(); };
  weft::Fiber<void> grandchild;
  auto first = weft::spawn({.name = "first"}, [&] {
    grandchild = weft::spawn({.name = "grandchild"}, wait);
    wait();
  });
  auto second = weft::spawn({.name = "second"}, wait);
  weft::yield();
  const FiberTree tree = weft::fiber_tree();
  ASSERT_EQ(tree.nodes.size(), weft::active_count());
  const std::size_t main = place_of(tree, this_fiber::id());
  ASSERT_LT(main + 3, tree.nodes.size());
  EXPECT_EQ(tree.nodes[main].depth, 0U);
  const std::uint64_t below[] = {first.id(), grandchild.id(), second.id()};
  const std::size_t depths[] = {1, 2, 1};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(tree.nodes[main + 1 + i].fiber.id, below[i]);
    EXPECT_EQ(tree.nodes[main + 1 + i].depth, depths[i]);
  }
  event.set();
  weft::joinall({first, grandchild, second});
}

TEST_F(FiberTreeTest, TheChildrenOfAnEndedFiberAreRoots) {
  weft::Event event;
  auto parent =
      weft::spawn([&event] { return weft::spawn({.name = "orphan"}, [&event] { event.wait(); }); });
  auto orphan = parent.get();
  weft::yield();
  const FiberTree tree = weft::fiber_tree();
  const std::size_t place = place_of(tree, orphan.id());
  ASSERT_LT(place, tree.nodes.size());
  EXPECT_EQ(tree.nodes[place].depth, 0U);
  EXPECT_EQ(tree.nodes[place].fiber.parent_id, parent.id());
  event.set();
  orphan.join();
}

TEST_F(FiberTreeTest, FormatHasALineForEach) {
  const FiberTree tree{{
      {{.id = 1, .parent_id = 0, .name = "main", .state = "runs"}, 0},
      {{.id = 4, .parent_id = 1, .name = "", .state = "sleeps"}, 1},
      {{.id = 9, .parent_id = 4, .name = "deep", .state = "is ready"}, 2},
      {{.id = 7, .parent_id = 3, .name = "orphan", .state = "sleeps"}, 0},
  }};
  EXPECT_EQ(tree.format(),
            "fiber 1 'main' runs\n"
            "  fiber 4 sleeps\n"
            "    fiber 9 'deep' is ready\n"
            "fiber 7 'orphan' sleeps (spawned by fiber 3)\n");
}

// Each spawns the next: as deep as there are fibers.
weft::Fiber<void> spawn_chain(int length, weft::Event& event) {
  return weft::spawn([length, &event] {
    if (length > 1) {
      spawn_chain(length - 1, event);
    }
    event.wait();
  });
}

TEST_F(FiberTreeTest, MayBeAsDeepAsThereAreFibers) {
  constexpr int kLength = 500;
  weft::Event event;
  spawn_chain(kLength, event);
  const std::size_t all = weft::active_count() + kLength - 1;
  await([&] { return weft::active_count() >= all; });
  EXPECT_EQ(weft::spawn([] { return weft::fiber_tree().nodes.back().depth; }).get(), 1U);
  const FiberTree tree = weft::fiber_tree();
  const auto deepest =
      std::max_element(tree.nodes.begin(), tree.nodes.end(),
                       [](const auto& a, const auto& b) { return a.depth < b.depth; });
  EXPECT_EQ(deepest->depth, std::size_t{kLength});
  event.set();
  weft::wait();
}

}  // namespace
}  // namespace weft

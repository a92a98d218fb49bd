// weft/fiber_tree.h: which fiber has spawned which.
//
// Layer:  runtime, public.      See also: weft/introspection.h.
#pragma once
#include <weft/introspection.h>

#include <cstddef>
#include <string>
#include <vector>

namespace weft {

/// The fibers of a scheduler, each below the one that has spawned it, as they were when somebody
/// looked.
///
/// Promise:  a fiber whose parent has ended, or belongs to another scheduler, is a root: its
///           parent_id still says who that was.
/// Source:   gevent.util.GreenletTree.
///
///     for (const auto& node : weft::fiber_tree().nodes) show(node.depth, node.fiber.name);
struct FiberTree {
  /// One fiber.
  struct Node {
    FiberInfo fiber;    ///< As all_fibers() tells of it.
    std::size_t depth;  ///< How many there are above it; 0: it is a root.
  };

  /// Each is followed by those that it has spawned, oldest first, and what these have spawned.
  std::vector<Node> nodes;

  /// A line for each fiber, indented by its depth: its number, its name and what it waits for; of a
  /// root the number of its parent, if it had one.
  ///
  ///     log(weft::fiber_tree().format());
  [[nodiscard]] std::string format() const;
};

/// The tree, or rather the forest, of all_fibers().
///
/// Threads, Promise: as all_fibers().
/// Source:   gevent.util.GreenletTree.forest().
///
///     std::cerr << weft::fiber_tree().format();
FiberTree fiber_tree();

}  // namespace weft

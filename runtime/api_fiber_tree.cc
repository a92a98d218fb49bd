#include <weft/fiber_tree.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace weft {
namespace {

// Any number of levels may lie below a fiber, and this one's stack is small: no recursion.
class Planter {
 public:
  explicit Planter(std::vector<FiberInfo> fibers) : fibers_(std::move(fibers)) {
    std::sort(fibers_.begin(), fibers_.end(),
              [](const FiberInfo& a, const FiberInfo& b) { return a.id < b.id; });
    children_.resize(fibers_.size());
    // The youngest first, since each list is taken from its end.
    for (std::size_t i = fibers_.size(); i-- > 0;) {
      siblings_of(fibers_[i].parent_id).push_back({i, 0});
    }
  }

  FiberTree plant() {
    FiberTree tree;
    tree.nodes.reserve(fibers_.size());
    std::vector<Place> left = std::move(roots_);
    while (!left.empty()) {
      const Place next = left.back();
      left.pop_back();
      for (const Place& child : children_[next.index]) {
        left.push_back({child.index, next.depth + 1});
      }
      tree.nodes.push_back({std::move(fibers_[next.index]), next.depth});
    }
    return tree;
  }

 private:
  struct Place {
    std::size_t index;
    std::size_t depth;
  };

  std::vector<Place>& siblings_of(std::uint64_t parent) {
    const auto found =
        std::lower_bound(fibers_.begin(), fibers_.end(), parent,
                         [](const FiberInfo& fiber, std::uint64_t id) { return fiber.id < id; });
    const bool is_there = found != fibers_.end() && found->id == parent;
    return is_there ? children_[static_cast<std::size_t>(found - fibers_.begin())] : roots_;
  }

  std::vector<FiberInfo> fibers_;
  std::vector<std::vector<Place>> children_;
  std::vector<Place> roots_;
};

}  // namespace

FiberTree fiber_tree() { return Planter(all_fibers()).plant(); }

std::string FiberTree::format() const {
  std::string text;
  for (const Node& node : nodes) {
    const FiberInfo& fiber = node.fiber;
    text += std::string(2 * node.depth, ' ') + "fiber " + std::to_string(fiber.id);
    if (!fiber.name.empty()) {
      text += " '" + fiber.name + "'";
    }
    text += " " + fiber.state;
    if (node.depth == 0 && fiber.parent_id != 0) {
      text += " (spawned by fiber " + std::to_string(fiber.parent_id) + ")";
    }
    text += "\n";
  }
  return text;
}

}  // namespace weft

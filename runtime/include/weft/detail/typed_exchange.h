// weft/detail/typed_exchange.h: an exchange for things of one type, that come out in some order.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/detail/exchange.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::detail {

/// First in, first out.
template <class T>
class FifoOrder {
 public:
  void push(T&& item) { items_.push_back(std::move(item)); }
  [[nodiscard]] const T& next() const { return items_.front(); }
  void take(std::optional<T>& slot) {
    slot.emplace(std::move(items_.front()));
    items_.pop_front();
  }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  std::deque<T> items_;
};

/// Last in, first out.
template <class T>
class LifoOrder {
 public:
  void push(T&& item) { items_.push_back(std::move(item)); }
  [[nodiscard]] const T& next() const { return items_.back(); }
  void take(std::optional<T>& slot) {
    slot.emplace(std::move(items_.back()));
    items_.pop_back();
  }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  std::vector<T> items_;
};

/// The one that compares before all others first.
template <class T, class Cmp>
class PriorityOrder {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>,
                "a heap whose elements fail to move is lost");

 public:
  void push(T&& item) {
    items_.push_back(std::move(item));
    std::push_heap(items_.begin(), items_.end(), behind_);
  }
  [[nodiscard]] const T& next() const { return items_.front(); }
  void take(std::optional<T>& slot) {
    std::pop_heap(items_.begin(), items_.end(), behind_);
    slot.emplace(std::move(items_.back()));
    items_.pop_back();
  }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  // std's heaps have the greatest on top.
  struct Behind {
    [[no_unique_address]] Cmp before;
    bool operator()(const T& a, const T& b) const { return std::invoke(before, b, a); }
  };
  std::vector<T> items_;
  [[no_unique_address]] Behind behind_;
};

/// Order is one of the above, or what looks like it.
template <class T, class Order>
class TypedExchange final : public Exchange {
 public:
  using Exchange::Exchange;

 private:
  static std::optional<T>& slot_at(void* slot) { return *static_cast<std::optional<T>*>(slot); }

  void push(void* thing) override { order_.push(std::move(*static_cast<T*>(thing))); }
  void pop(void* slot) override { order_.take(slot_at(slot)); }
  void hand_over(void* thing, void* slot) override {
    slot_at(slot).emplace(std::move(*static_cast<T*>(thing)));
  }
  void copy(const void* thing, void* slot) override {
    if constexpr (std::copy_constructible<T>) {
      slot_at(slot).emplace(thing == nullptr ? order_.next() : *static_cast<const T*>(thing));
    }
  }
  [[nodiscard]] std::size_t stored() const override { return order_.size(); }
  std::shared_ptr<void> take_all() override {
    return std::make_shared<Order>(std::exchange(order_, {}));
  }

  Order order_;
};

}  // namespace weft::detail

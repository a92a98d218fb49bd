// word.h: atomic access to the 32-bit words of libc's lock objects, which are plain integers there.
//
// Layer:  hooks.
#pragma once
#include <concepts>
#include <cstdint>

namespace weft::hooks::sync {

/// A word inside an object of libc's layout.
class Word {
 public:
  template <std::integral Integer>
  explicit Word(Integer& integer) : at_(reinterpret_cast<std::uint32_t*>(&integer)) {
    static_assert(sizeof(Integer) == sizeof(std::uint32_t));
  }
  [[nodiscard]] std::uint32_t load() const { return __atomic_load_n(at_, __ATOMIC_ACQUIRE); }
  [[nodiscard]] std::uint32_t peek() const { return __atomic_load_n(at_, __ATOMIC_RELAXED); }
  void store(std::uint32_t value) const { __atomic_store_n(at_, value, __ATOMIC_RELEASE); }
  [[nodiscard]] std::uint32_t exchange(std::uint32_t value) const {
    return __atomic_exchange_n(at_, value, __ATOMIC_ACQ_REL);
  }
  /// Stores `wanted` where `expected` is; else `expected` becomes what is there.
  [[nodiscard]] bool replace(std::uint32_t& expected, std::uint32_t wanted) const {
    return __atomic_compare_exchange_n(at_, &expected, wanted, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
  }
  std::uint32_t add(std::uint32_t value) const {
    return __atomic_fetch_add(at_, value, __ATOMIC_SEQ_CST);
  }
  std::uint32_t subtract(std::uint32_t value) const {
    return __atomic_fetch_sub(at_, value, __ATOMIC_SEQ_CST);
  }
  std::uint32_t set_bits(std::uint32_t bits) const {
    return __atomic_fetch_or(at_, bits, __ATOMIC_SEQ_CST);
  }
  std::uint32_t clear_bits(std::uint32_t bits) const {
    return __atomic_fetch_and(at_, ~bits, __ATOMIC_SEQ_CST);
  }
  [[nodiscard]] const std::uint32_t* address() const { return at_; }

 private:
  std::uint32_t* at_;
};

}  // namespace weft::hooks::sync

// guard.h: a weft::Mutex held for a scope. std's guards come with std::mutex, which the hooks
// replace.
//
// Layer:  runtime.
#pragma once
#include <weft/mutex.h>

namespace weft::detail {

/// Fits weft::Condition. One that has been unlocked may be locked again.
class Guard {
 public:
  explicit Guard(Mutex& mutex) : mutex_(mutex) { lock(); }
  ~Guard() {
    if (owns_) {
      mutex_.unlock();
    }
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  void lock() {
    mutex_.lock();
    owns_ = true;
  }
  void unlock() {
    owns_ = false;
    mutex_.unlock();
  }
  [[nodiscard]] Mutex* mutex() const { return &mutex_; }
  [[nodiscard]] bool owns_lock() const { return owns_; }

 private:
  Mutex& mutex_;
  bool owns_ = false;
};

}  // namespace weft::detail

// tests/support/thread.h: threads made by pthread_create, and what a blocked one must not do.
#pragma once
#include <pthread.h>

#include <functional>

namespace weft::test {

/// A pthread that runs `body`; joined by its destructor at the latest.
class Thread {
 public:
  explicit Thread(std::function<void()> body);
  ~Thread() { join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void join();
  [[nodiscard]] pthread_t id() const { return id_; }

 private:
  static void* run(void* self);

  std::function<void()> body_;
  pthread_t id_{};
  bool joinable_ = true;
};

/// Runs `call`, which must block, in one thread. Meanwhile another thread must make progress, and
/// then calls `unblock`. Fails if `call` came back before that, or if it took kernel threads (under
/// weft).
void expect_others_run(const std::function<void()>& call, const std::function<void()>& unblock);

/// Kernel threads of this process now.
int kernel_threads();

/// Whether this run is to prove that threads are fibers (WEFT_EXPECT_FIBERS=1 in the environment).
bool expecting_fibers();

/// Under weft: fails if there are more kernel threads than weft needs for itself.
void expect_few_kernel_threads();

}  // namespace weft::test

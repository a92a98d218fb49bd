#include "tests/runtime/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include <weft/idle.h>

#include <thread>

#include "runtime/tcb.h"

namespace weft::test {

namespace {

int count_entries(const char* path) {
  DIR* const folder = ::opendir(path);
  int count = -2;  // "." and ".."
  while (::readdir(folder) != nullptr) {
    ++count;
  }
  ::closedir(folder);
  return count;
}

}  // namespace

int count_fds() { return count_entries("/proc/self/fd") - 1; }  // without that of the folder

int count_kernel_threads() {
#if defined(__SANITIZE_THREAD__)
  // It makes a thread of its own beside the program's first, which is none of those that end.
  static const bool has_begun = (std::thread([] {}).join(), true);
  static_cast<void>(has_begun);
#endif
  return count_entries("/proc/self/task");
}

void expect_kernel_threads_end(int most) {
  const Stopwatch watch;
  while (count_kernel_threads() > most && watch.elapsed() < 10s) {
    std::this_thread::yield();
  }
  EXPECT_LE(count_kernel_threads(), most);
}

const char* own_tls_refusal() {
  static const char* const refusal = runtime::tcb::available() ? nullptr : runtime::tcb::probe();
  EXPECT_EQ(refusal != nullptr, kSanitized) << (refusal == nullptr ? "available" : refusal);
  return refusal;
}

void RuntimeTest::SetUp() {
  scheduler_ = runtime::Scheduler::current_or_start();
  ASSERT_NE(scheduler_, nullptr);
  // A late unpark of an earlier test may have left a token.
  static_cast<void>(runtime::park_until(runtime::Deadline::at(0)));
  fibers_before_ = scheduler_->live_fibers();
  fds_before_ = count_fds();
}

void RuntimeTest::TearDown() {
  EXPECT_EQ(scheduler_->live_fibers(), fibers_before_) << "fibers were left behind";
  EXPECT_EQ(count_fds(), fds_before_) << "descriptors were left open";
}

void RuntimeTest::let_others_end() { weft::idle(); }

Pipe::Pipe() {
  EXPECT_EQ(::pipe2(ends_, O_NONBLOCK | O_CLOEXEC), 0);
  out_slot().reset();
  in_slot().reset();
}

Pipe::~Pipe() {
  out_slot().reset();
  in_slot().reset();
  ::close(ends_[0]);
  ::close(ends_[1]);
}

void Pipe::feed() const { EXPECT_EQ(::write(in(), "x", 1), 1); }

bool Pipe::drink() const {
  char byte = 0;
  return ::read(out(), &byte, 1) == 1;
}

void Pipe::fill() const {
  const char block[4096] = {};
  while (::write(in(), block, sizeof block) > 0) {
  }
}

}  // namespace weft::test

#if defined(__SANITIZE_THREAD__)
// Else each of these many short processes sleeps for a second at its end.
extern "C" const char* __tsan_default_options() { return "atexit_sleep_ms=0"; }
#endif

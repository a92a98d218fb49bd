#include "tests/runtime/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "runtime/tcb.h"

namespace weft::test {

int count_fds() {
  DIR* const folder = ::opendir("/proc/self/fd");
  int count = -3;  // ".", ".." and the folder itself
  while (::readdir(folder) != nullptr) {
    ++count;
  }
  ::closedir(folder);
  return count;
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

// tests/hooks/file_test.cc: what is done to regular files holds no worker (group `file`). The disk
// is made slow by a buffer whose pages userfaultfd(2) withholds: the call waits in the kernel until
// they come.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>

#include "tests/support/clock.h"
#include "tests/support/fd.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// A page that is there when let() has been called.
class WithheldPage {
 public:
  WithheldPage() {
    faults_ = Fd(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC)));
    page_ = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uffdio_api api = {};
    api.api = UFFD_API;
    uffdio_register range = {};
    range.range = {start(), kSize};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    is_supported_ =
        ioctl(faults_, UFFDIO_API, &api) == 0 && ioctl(faults_, UFFDIO_REGISTER, &range) == 0;
  }
  ~WithheldPage() { munmap(page_, kSize); }
  WithheldPage(const WithheldPage&) = delete;
  WithheldPage& operator=(const WithheldPage&) = delete;

  [[nodiscard]] bool is_supported() const { return is_supported_; }
  [[nodiscard]] char* data() const { return static_cast<char*>(page_); }
  void let() {
    uffdio_zeropage zero = {};
    zero.range = {start(), kSize};
    EXPECT_EQ(ioctl(faults_, UFFDIO_ZEROPAGE, &zero), 0);
  }

 private:
  static constexpr std::size_t kSize = 4096;
  [[nodiscard]] __u64 start() const { return reinterpret_cast<__u64>(page_); }

  Fd faults_;
  void* page_ = nullptr;
  bool is_supported_ = false;
};

Fd temporary_file() {
  std::string name = "/tmp/weft-test-XXXXXX";
  Fd file(mkstemp(name.data()));
  EXPECT_EQ(unlink(name.c_str()), 0);
  EXPECT_EQ(write(file, "0123456789", 10), 10);
  return file;
}

// `call` gets the descriptor of a file with ten bytes at its beginning, and the buffer.
void expect_hands_over(const std::function<ssize_t(int, char*)>& call) {
  const Fd file = temporary_file();
  ASSERT_EQ(lseek(file, 0, SEEK_SET), 0);
  WithheldPage page;
  if (!page.is_supported()) {
    GTEST_SKIP() << "no userfaultfd here";
  }
  const Stopwatch watch;
  std::atomic<bool> started{false};
  std::atomic<bool> finished{false};
  Thread caller([&] {
    started = true;
    EXPECT_EQ(call(file, page.data()), 10);
    finished = true;
  });
  while (!started) {
    usleep(1000);
  }
  for (int round = 0; round < 5; ++round) {
    usleep(1000);
  }
  EXPECT_LT(watch.elapsed(), seconds(2)) << "the call has held its worker";
  EXPECT_FALSE(finished) << "the call was to wait, and came back";
  page.let();
}

TEST(File, ReadHandsOver) {
  expect_hands_over([](int file, char* p) { return read(file, p, 10); });
}

TEST(File, ReadvHandsOver) {
  expect_hands_over([](int file, char* p) {
    const iovec one = {p, 10};
    return readv(file, &one, 1);
  });
}

TEST(File, WriteHandsOver) {
  expect_hands_over([](int file, char* p) { return write(file, p, 10); });
}

TEST(File, WritevHandsOver) {
  expect_hands_over([](int file, char* p) {
    const iovec one = {p, 10};
    return writev(file, &one, 1);
  });
}

TEST(File, PreadHandsOver) {
  expect_hands_over([](int file, char* p) { return pread(file, p, 10, 0); });
}

TEST(File, PwriteHandsOver) {
  expect_hands_over([](int file, char* p) { return pwrite(file, p, 10, 0); });
}

TEST(File, PreadvHandsOver) {
  expect_hands_over([](int file, char* p) {
    const iovec one = {p, 10};
    return preadv(file, &one, 1, 0);
  });
}

TEST(File, PwritevHandsOver) {
  expect_hands_over([](int file, char* p) {
    const iovec one = {p, 10};
    return pwritev2(file, &one, 1, 0, 0);
  });
}

}  // namespace
}  // namespace weft::test

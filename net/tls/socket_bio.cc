#include "net/tls/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "runtime/sys.h"

namespace weft::net {

namespace sys = runtime::sys;

namespace {

int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

// OpenSSL looks at errno.
int to_openssl(BIO* bio, long result, int retry) {
  BIO_clear_retry_flags(bio);
  if (!sys::failed(result)) {
    return static_cast<int>(result);
  }
  errno = static_cast<int>(-result);
  if (errno == EAGAIN || errno == EINTR) {
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  }
  return -1;
}

int write_socket(BIO* bio, const char* bytes, int size) {
  return to_openssl(
      bio, sys::call(SYS_sendto, fd_of(bio), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0),
      BIO_FLAGS_WRITE);
}

int read_socket(BIO* bio, char* room, int size) {
  const long result =
      sys::call(SYS_recvfrom, fd_of(bio), room, size, MSG_DONTWAIT, nullptr, nullptr);
  if (result == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  }
  return to_openssl(bio, result, BIO_FLAGS_READ);
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

BIO_METHOD* make_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weft");
  if (method != nullptr) {
    BIO_meth_set_write(method, write_socket);
    BIO_meth_set_read(method, read_socket);
    BIO_meth_set_ctrl(method, control);
  }
  return method;
}

}  // namespace

BIO* make_socket_bio(int fd) {
  static BIO_METHOD* const method = make_method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio != nullptr) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a number is all that it has to know
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
    BIO_set_init(bio, 1);
  }
  return bio;
}

}  // namespace weft::net

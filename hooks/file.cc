// file.cc: what is done to files apart from reading and writing at the current position, as a
// table.
#include "hooks/file.h"

#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hooks/real.h"

extern "C" [[noreturn]] void __chk_fail();

namespace weft::hooks {

namespace {

template <class Next>
ssize_t checked(std::size_t n, std::size_t size, Next next) {
  return n > size ? (__chk_fail(), -1) : next();
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature how
ssize_t pread(int fd, void* p, size_t n, off_t at)                                          { return io_on_disk(fd, [=] { return real::pread(fd, p, n, at); }); }
ssize_t pread64(int fd, void* p, size_t n, off64_t at)                                      { return io_on_disk(fd, [=] { return real::pread64(fd, p, n, at); }); }
ssize_t pwrite(int fd, const void* p, size_t n, off_t at)                                   { return io_on_disk(fd, [=] { return real::pwrite(fd, p, n, at); }); }
ssize_t pwrite64(int fd, const void* p, size_t n, off64_t at)                               { return io_on_disk(fd, [=] { return real::pwrite64(fd, p, n, at); }); }
ssize_t preadv(int fd, const iovec* v, int n, off_t at)                                     { return io_on_disk(fd, [=] { return real::preadv(fd, v, n, at); }); }
ssize_t preadv64(int fd, const iovec* v, int n, off64_t at)                                 { return io_on_disk(fd, [=] { return real::preadv64(fd, v, n, at); }); }
ssize_t pwritev(int fd, const iovec* v, int n, off_t at)                                    { return io_on_disk(fd, [=] { return real::pwritev(fd, v, n, at); }); }
ssize_t pwritev64(int fd, const iovec* v, int n, off64_t at)                                { return io_on_disk(fd, [=] { return real::pwritev64(fd, v, n, at); }); }
ssize_t copy_file_range(int fd, off64_t* from, int out, off64_t* to, size_t n, unsigned f)  { return io_on_disk(fd, [=] { return real::copy_file_range(fd, from, out, to, n, f); }); }
int     fsync(int fd)                                                                       { return io_on_disk(fd, [=] { return real::fsync(fd); }); }
int     fdatasync(int fd)                                                                   { return io_on_disk(fd, [=] { return real::fdatasync(fd); }); }
int     syncfs(int fd)                                                                      { return on_disk(fd, [=] { return real::syncfs(fd); }); }
int     sync_file_range(int fd, off64_t at, off64_t n, unsigned f)                          { return io_on_disk(fd, [=] { return real::sync_file_range(fd, at, n, f); }); }
int     fallocate(int fd, int mode, off_t at, off_t n)                                      { return io_on_disk(fd, [=] { return real::fallocate(fd, mode, at, n); }); }
int     fallocate64(int fd, int mode, off64_t at, off64_t n)                                { return io_on_disk(fd, [=] { return real::fallocate64(fd, mode, at, n); }); }
int     posix_fallocate(int fd, off_t at, off_t n)                                          { return on_disk(fd, [=] { return real::posix_fallocate(fd, at, n); }); }
int     posix_fallocate64(int fd, off64_t at, off64_t n)                                    { return on_disk(fd, [=] { return real::posix_fallocate64(fd, at, n); }); }
int     ftruncate(int fd, off_t n)                                                          { return on_disk(fd, [=] { return real::ftruncate(fd, n); }); }
int     ftruncate64(int fd, off64_t n)                                                      { return on_disk(fd, [=] { return real::ftruncate64(fd, n); }); }
ssize_t readahead(int fd, off64_t at, size_t n)                                             { return on_disk(fd, [=] { return real::readahead(fd, at, n); }); }
int     msync(void* p, size_t n, int f)                                                     { return io_on_disk([=] { return real::msync(p, n, f); }); }
int     truncate(const char* path, off_t n)                                                 { return on_disk([=] { return real::truncate(path, n); }); }
int     truncate64(const char* path, off64_t n)                                             { return on_disk([=] { return real::truncate64(path, n); }); }
void    sync()                                                                              { on_disk([=] { return real::sync(); }); }
ssize_t __pread_chk(int fd, void* p, size_t n, off_t at, size_t size)     { return checked(n, size, [=] { return pread(fd, p, n, at); }); }
ssize_t __pread64_chk(int fd, void* p, size_t n, off64_t at, size_t size) { return checked(n, size, [=] { return pread64(fd, p, n, at); }); }
ssize_t __pwrite64(int fd, const void* p, size_t n, off64_t at)            { return pwrite64(fd, p, n, at); }
ssize_t __pread64(int fd, void* p, size_t n, off64_t at)                  { return pread64(fd, p, n, at); }
}
// clang-format on

}  // namespace weft::hooks

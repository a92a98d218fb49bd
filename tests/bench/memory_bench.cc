// memory_bench.cc: what a sleeping fiber costs in memory. Fails if that is more than promised.
//
//   memory_bench                          measures each kind in a process of its own
//   memory_bench own|shared COUNT BYTES   measures COUNT of that kind here; they may take BYTES
//   each
#include <sys/wait.h>
#include <unistd.h>
#include <weft/weft.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>

namespace {

using namespace std::chrono_literals;

// A value in KiB of /proc/self/status.
long status_kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) {
      return std::atol(line.c_str() + name.size() + 1);
    }
  }
  return 0;
}

long count_maps() {
  std::ifstream maps("/proc/self/maps");
  long count = 0;
  for (std::string line; std::getline(maps, line);) {
    ++count;
  }
  return count;
}

int measure(const char* kind, long count, long limit) {
  const bool own_tls = std::strcmp(kind, "own") == 0;
  // The first one brings its scheduler, its library code and libc's along.
  weft::spawn({.own_tls = own_tls}, [] { weft::sleep(1ms); }).join();
  const long rss_before = status_kib("VmRSS");
  const long tables_before = status_kib("VmPTE");
  const auto start = std::chrono::steady_clock::now();
  long asleep = 0;
  for (long i = 0; i < count; ++i) {
    weft::spawn({.own_tls = own_tls}, [&asleep] {
      ++asleep;
      weft::sleep(1h);
    });
  }
  weft::yield();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const long bytes = (status_kib("VmRSS") - rss_before) * 1024 / count;
  const long table_bytes = (status_kib("VmPTE") - tables_before) * 1024 / count;
  std::printf(
      "%-6s TLS: %7ld fibers asleep, %5ld B each (limit %ld), page tables %4ld B each, "
      "%ld VMAs, %.2f s\n",
      kind, asleep, bytes, limit, table_bytes, count_maps(), seconds.count());
  std::fflush(stdout);
  if (asleep != count || bytes > limit) {
    std::fprintf(stderr, "memory_bench: %s\n", asleep != count ? "not all are asleep" : "too much");
    return 1;
  }
  return 0;
}

int measure_in_child(const char* kind, const char* count, const char* limit) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "memory_bench", kind, count, limit, static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    const int own = measure_in_child("own", "100000", "12288");
    const int shared = measure_in_child("shared", "1000000", "5120");
    return own != 0 ? own : shared;
  }
  if (argc != 4) {
    std::fprintf(stderr, "usage: memory_bench [own|shared COUNT BYTES]\n");
    return 2;
  }
  try {
    // The sleepers are not waited for: the process ends with them.
    std::_Exit(measure(argv[1], std::atol(argv[2]), std::atol(argv[3])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "memory_bench: %s\n", error.what());
    return 1;
  }
}

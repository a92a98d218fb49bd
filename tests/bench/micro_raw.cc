// micro_raw.cc: the limits: contexts that switch to each other by hand, and memory that is touched.
//
//   micro_raw switch|switch_many|spawn|memory|wrfsbase COUNT
#include <immintrin.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>

#include "tests/bench/micro.h"

namespace {

namespace context = boost::context::detail;

constexpr std::size_t kStack = 64 << 10;

char* map(std::size_t bytes) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("micro_raw: mmap");
    std::exit(1);
  }
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  return static_cast<char*>(memory);
}

// Two contexts, one of them main().
void switch_two(long count) {
  char* const stack = map(kStack);
  context::fcontext_t other =
      context::make_fcontext(stack + kStack, kStack, [](context::transfer_t from) {
        for (;;) {
          from = context::jump_fcontext(from.fctx, nullptr);
        }
      });
  const bench::Stopwatch watch;
  for (long i = 0; i < count / 2; ++i) {
    other = context::jump_fcontext(other, nullptr).fctx;
  }
  watch.print_each(count);
}

// Contexts in a ring, each of which switches to the next one: the shortest of all run queues.
struct Member {
  context::fcontext_t at = nullptr;
  Member* next = nullptr;
};
Member start;  // main(), which is before the ring
long left = 0;

void go_round(context::transfer_t from) {
  Member* const self = static_cast<Member*>(from.data)->next;
  for (;;) {
    static_cast<Member*>(from.data)->at = from.fctx;
    if (--left <= 0) {
      context::jump_fcontext(start.at, nullptr);
    }
    from = context::jump_fcontext(self->next->at, self);
  }
}

void ring(std::size_t members, long count) {
  std::vector<Member> all(members);
  char* const stacks = map(members * kStack);
  for (std::size_t i = 0; i < members; ++i) {
    all[i].next = &all[(i + 1) % members];
    all[i].at = context::make_fcontext(stacks + (i + 1) * kStack, kStack, go_round);
  }
  start.next = all.data();
  left = count;
  const bench::Stopwatch watch;
  context::jump_fcontext(start.next->at, &start);
  watch.print_each(count);
}

// A context on a stack that is used again and again.
void spawn_join(long count) {
  char* const stack = map(kStack);
  const bench::Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    context::fcontext_t made = context::make_fcontext(
        stack + kStack, kStack,
        [](context::transfer_t from) { context::jump_fcontext(from.fctx, nullptr); });
    context::jump_fcontext(made, nullptr);
  }
  watch.print_each(count);
}

// The pages that fibers with stacks of 256 KiB touch: one each.
void touch(long count) {
  constexpr std::size_t kApart = 256 << 10;
  const double resident = bench::status_bytes("VmRSS");
  const double tables = bench::status_bytes("VmPTE");
  const bench::Stopwatch watch;
  char* const memory = map(static_cast<std::size_t>(count) * kApart);
  for (long i = 0; i < count; ++i) {
    memory[static_cast<std::size_t>(i) * kApart] = 1;
  }
  watch.print_each(count);
  const auto pages = static_cast<double>(count);
  bench::print("rss_bytes", (bench::status_bytes("VmRSS") - resident) / pages);
  bench::print("table_bytes", (bench::status_bytes("VmPTE") - tables) / pages);
}

// What a fiber with its own TLS has to write at each switch. Prints nothing where the kernel or the
// processor has it not.
__attribute__((target("fsgsbase"))) void write_fs_base(long count) {
  constexpr unsigned long kHasFsGsBase = 1 << 1;  // HWCAP2_FSGSBASE
  if ((::getauxval(AT_HWCAP2) & kHasFsGsBase) == 0) {
    return;
  }
  const auto base = _readfsbase_u64();
  const bench::Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    _writefsbase_u64(base);
  }
  watch.print_each(count);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc == 3 ? argv[1] : "";
  const long count = argc == 3 ? std::max(std::atol(argv[2]), 2L) : 0;
  if (name == "switch") {
    switch_two(count);
  } else if (name == "switch_many") {
    ring(10'000, count);
  } else if (name == "spawn") {
    spawn_join(count);
  } else if (name == "memory") {
    touch(count);
  } else if (name == "wrfsbase") {
    write_fs_base(count);
  } else {
    std::fprintf(stderr, "usage: micro_raw switch|switch_many|spawn|memory|wrfsbase COUNT\n");
    return 2;
  }
  return 0;
}

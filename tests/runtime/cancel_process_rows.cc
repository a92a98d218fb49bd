// The waits for programs, for cancel_everywhere_test.cc.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <weft/child.h>
#include <weft/subprocess.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "tests/runtime/cancel_rows.h"
#include "tests/support/fd.h"

namespace weft::test {
namespace {

// ---- a program that ends when its input does

template <class Wait>
Rig program_rig(Wait wait) {
  const SubprocessOptions options = {.in = Stdio::pipe()};
  const auto program = std::make_shared<Subprocess>(std::vector<std::string>{"/bin/cat"}, options);
  return {.wait = [=] { wait(*program); },
          .wake = [=] { program->in().close(); },
          .wakes_all = true,
          .is_indirect = true};
}

std::vector<Row> program_rows() {
  return {
      {"Subprocess::wait",
       [] { return program_rig([](Subprocess& p) { EXPECT_EQ(p.wait(), 0); }); }},
      {"Subprocess::wait_for",
       [] { return program_rig([](Subprocess& p) { EXPECT_EQ(p.wait_for(1h), 0); }); }},
      {"Subprocess::wait_until",
       [] { return program_rig([](Subprocess& p) { EXPECT_EQ(p.wait_until(later()), 0); }); }},
  };
}

// ---- a child, whose end one of those who wait takes

template <class Wait>
Rig child_end_rig(Wait wait) {
  const auto taken = std::make_shared<int>(0);
  Rig rig = program_rig([=](const Subprocess& program) {
    try {
      EXPECT_EQ(wait(program.pid()), 0);
      ++*taken;
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code().value(), ECHILD);
    }
  });
  rig.check = [=] { EXPECT_EQ(*taken, 1); };
  return rig;
}

std::vector<Row> child_rows() {
  return {
      {"wait_child", [] { return child_end_rig([](pid_t pid) { return wait_child(pid); }); }},
      {"wait_child_for",
       [] { return child_end_rig([](pid_t pid) { return wait_child_for(pid, 1h); }); }},
      {"wait_child_until",
       [] { return child_end_rig([](pid_t pid) { return wait_child_until(pid, later()); }); }},
  };
}

// ---- communicate() is for one at a time: each who waits has a program of its own, which ends with
// the input that they share

template <class Communicate>
Rig communicate_rig(Communicate communicate) {
  int ends[2] = {};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto input = std::make_shared<Fd>(ends[0]);
  const auto writer = std::make_shared<Fd>(ends[1]);
  return {.wait =
              [=] {
                Subprocess program({"/bin/cat"}, {.in = Stdio::fd(*input), .out = Stdio::pipe()});
                EXPECT_EQ(communicate(program).out, "");
              },
          .wake = [=] { writer->reset(); },
          .wakes_all = true,
          .is_indirect = true};
}

std::vector<Row> communicate_rows() {
  return {
      {"Subprocess::communicate",
       [] { return communicate_rig([](Subprocess& p) { return p.communicate(); }); }},
      {"Subprocess::communicate_for",
       [] { return communicate_rig([](Subprocess& p) { return p.communicate_for(1h); }); }},
  };
}

}  // namespace

std::vector<Row> cancel_process_rows() {
  return joined({program_rows(), child_rows(), communicate_rows()});
}

}  // namespace weft::test

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/fiber.h>
#include <weft/run.h>
#include <weft/sleep.h>
#include <weft/subprocess.h>
#include <weft/timeout.h>

#include <csignal>
#include <system_error>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

using SubprocessApi = RuntimeTest;
using Args = std::vector<std::string>;

Args shell(const std::string& script) { return {"sh", "-c", script}; }

std::string output_of(const std::string& script, SubprocessOptions options = {}) {
  return check_output(shell(script), {.start = std::move(options)});
}

TEST_F(SubprocessApi, ReturnCodesAreThoseOfPython) {
  EXPECT_EQ(call({"true"}), 0);
  EXPECT_EQ(call(shell("exit 7")), 7);
  EXPECT_EQ(call(shell("kill -9 $$")), -SIGKILL);
}

TEST_F(SubprocessApi, OtherFibersRunWhileOneWaits) {
  Subprocess cat({"cat"}, {.in = Stdio::pipe()});
  const auto other = spawn([&] { cat.in().close(); });
  EXPECT_EQ(cat.wait(), 0);
  EXPECT_TRUE(other.ready());
}

TEST_F(SubprocessApi, SeveralWaitForOne) {
  Subprocess cat({"cat"}, {.in = Stdio::pipe()});
  const auto first = spawn([&] { return cat.wait(); });
  const auto second = spawn([&] { return cat.wait(); });
  weft::yield();
  EXPECT_EQ(cat.wait_for(1ms), std::nullopt);
  EXPECT_EQ(cat.poll(), std::nullopt);
  cat.terminate();
  EXPECT_EQ(first.get(), -SIGTERM);
  EXPECT_EQ(second.get(), -SIGTERM);
  EXPECT_EQ(cat.returncode(), -SIGTERM);
  cat.kill();  // nobody is hit
}

TEST_F(SubprocessApi, CommunicateDoesNotDeadlockWithFullPipes) {
  const std::string input(300'000, 'x');
  Subprocess both(shell("tee /dev/stderr"),
                  {.in = Stdio::pipe(), .out = Stdio::pipe(), .err = Stdio::pipe()});
  const Output output = both.communicate(input);
  EXPECT_EQ(output.out, input);
  EXPECT_EQ(output.err, input);
  EXPECT_EQ(both.returncode(), 0);
}

TEST_F(SubprocessApi, AProgramThatDoesNotReadIsNoError) {
  EXPECT_EQ(run({"true"}, {.input = std::string(300'000, 'x')}).returncode, 0);
}

TEST_F(SubprocessApi, TimeoutExpiredHasWhatCameAndNothingIsLost) {
  Subprocess slow(shell("echo early; read line; echo \"$line\""),
                  {.in = Stdio::pipe(), .out = Stdio::pipe()});
  std::string partial;
  while (partial.empty()) {
    try {
      // The program waits for its input, which is never at its end before the second call.
      with_timeout(20ms, [&] { partial = slow.out().read(6); });
    } catch (const TimeoutError&) {
    }
  }
  EXPECT_EQ(partial, "early\n");
  EXPECT_EQ(slow.communicate("late\n").out, "late\n");
}

TEST_F(SubprocessApi, CommunicateForThrowsAndGoesOnLater) {
  Subprocess slow(shell("echo early; exec cat <&3"), {.out = Stdio::pipe(), .pass_fds = {}});
  EXPECT_NE(slow.wait(), 0);  // no descriptor 3
  EXPECT_EQ(slow.communicate().out, "early\n");
  int ends[2] = {};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Subprocess waits(shell("echo early; exec cat"), {.in = Stdio::fd(ends[0]), .out = Stdio::pipe()});
  ::close(ends[0]);
  std::string seen;
  while (seen.empty()) {
    try {
      waits.communicate_for(5ms);
    } catch (const TimeoutExpired& expired) {
      seen = expired.output().out;
    }
  }
  EXPECT_EQ(seen, "early\n");
  ASSERT_EQ(::write(ends[1], "late\n", 5), 5);
  ::close(ends[1]);
  EXPECT_EQ(waits.communicate().out, "early\nlate\n");
}

TEST_F(SubprocessApi, TheDestructorDropsWhatTheProgramHasNotTaken) {
  const Stopwatch watch;
  pid_t pid = -1;
  {
    Subprocess never_reads({"sleep", "60"}, {.in = Stdio::pipe()});
    pid = never_reads.pid();
    const std::string much(1 << 20, 'x');
    EXPECT_THROW(with_timeout(5ms, [&] { never_reads.in().write(much); }), TimeoutError);
  }
  EXPECT_LT(watch.elapsed(), 30s);
  ASSERT_EQ(::kill(pid, SIGKILL), 0) << "it goes on";
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(SubprocessApi, RunKillsWhatIsTooSlow) {
  EXPECT_THROW(run({"sleep", "60"}, {.timeout = 5ms}), TimeoutExpired);
}

TEST_F(SubprocessApi, RunKillsWhenItIsCalledOff) {
  EXPECT_THROW(with_timeout(5ms, [] { run({"sleep", "60"}); }), TimeoutError);
}

TEST_F(SubprocessApi, CheckCallAndCheckOutputThrow) {
  EXPECT_NO_THROW(check_call({"true"}));
  EXPECT_EQ(check_output({"echo", "a b"}), "a b\n");
  try {
    check_output(shell("echo partly; exit 3"));
    FAIL();
  } catch (const CalledProcessError& error) {
    EXPECT_EQ(error.process().returncode, 3);
    EXPECT_EQ(error.process().out, "partly\n");
    EXPECT_NE(std::string(error.what()).find("exited with 3"), std::string::npos);
  }
}

TEST_F(SubprocessApi, WhatFailsInTheChildIsThrownWithErrnoAndPath) {
  const auto error_of = [](const Args& args, const SubprocessOptions& options) {
    try {
      const Subprocess process(args, options);
    } catch (const std::system_error& error) {
      return std::to_string(error.code().value()) + ' ' + error.what();
    }
    return std::string();
  };
  EXPECT_EQ(
      error_of({"/no/such/program"}, {}).find("2 weft::Subprocess: execve '/no/such/program'"), 0U);
  EXPECT_EQ(error_of({"/etc/passwd"}, {}).find("13 weft::Subprocess: execve"), 0U);
  EXPECT_EQ(error_of({"no such program"}, {}).find("2 "), 0U);
  EXPECT_EQ(error_of({"true"}, {.directory = "/no/such"}).find("2 weft::Subprocess: chdir '/no"),
            0U);
  EXPECT_EQ(error_of({"true"}, {.pass_fds = {987}}).find("9 "), 0U);
}

TEST_F(SubprocessApi, EnvironmentDirectoryAndUmask) {
  EXPECT_EQ(output_of("echo $WEFT_A-$HOME", {.environment = {{"WEFT_A=1"}}}), "1-\n");
  EXPECT_EQ(output_of("pwd", {.directory = "/usr"}), "/usr\n");
  EXPECT_EQ(output_of("umask", {.umask = 027}), "0027\n");
  ::setenv("WEFT_B", "2", 1);
  EXPECT_EQ(output_of("echo $WEFT_B"), "2\n");
  ::unsetenv("WEFT_B");
}

TEST_F(SubprocessApi, ExecutableStandsForTheFirstArgument) {
  EXPECT_EQ(check_output({"named", "-c", "echo $0"}, {.start = {.executable = "/bin/sh"}}),
            "named\n");
}

TEST_F(SubprocessApi, StreamsCanBeMergedDroppedAndGiven) {
  EXPECT_EQ(output_of("echo a; echo b >&2", {.err = Stdio::to_stdout()}), "a\nb\n");
  EXPECT_EQ(output_of("cat; echo c >&2", {.in = Stdio::null(), .err = Stdio::null()}), "");
  int ends[2] = {};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(call({"echo", "given"}, {.start = {.out = Stdio::fd(ends[1])}}), 0);
  char text[8] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof text), 6);
  // Numbers of streams that stand for each other.
  EXPECT_EQ(call(shell("echo x"), {.start = {.out = Stdio::fd(ends[1]), .err = Stdio::fd(1)}}), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(SubprocessApi, OnlyPassedDescriptorsAreOpen) {
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);  // without O_CLOEXEC
  const std::string number = std::to_string(ends[1]);
  const std::string script = "test -e /proc/self/fd/" + number;
  EXPECT_EQ(call(shell(script)), 1);
  EXPECT_EQ(call(shell(script), {.start = {.pass_fds = {ends[1]}}}), 0);
  EXPECT_EQ(call(shell(script), {.start = {.close_fds = false}}), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(SubprocessApi, SessionAndProcessGroup) {
  const std::string ids = "ps -o pid=,pgid=,sid= -p $$ | awk '{print ($1==$2) ($1==$3)}'";
  EXPECT_EQ(output_of(ids, {.new_session = true}), "11\n");
  EXPECT_EQ(output_of(ids, {.process_group = 0}), "10\n");
}

TEST_F(SubprocessApi, UserAndGroup) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root may";
  }
  EXPECT_EQ(output_of("id -u; id -g; id -G",
                      {.user = 1234, .group = 2345, .extra_groups = std::vector<gid_t>{3456}}),
            "1234\n2345\n2345 3456\n");
}

TEST_F(SubprocessApi, SignalsAreAsAProgramExpects) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const std::string ignored = "grep SigIgn /proc/self/status | awk '{print $2}'";
  EXPECT_EQ(output_of(ignored), "0000000000000000\n");
  EXPECT_EQ(output_of(ignored, {.restore_signals = false}), "0000000000001000\n");
  EXPECT_EQ(output_of("grep SigBlk /proc/self/status | awk '{print $2}'"), "0000000000000000\n");
  std::signal(SIGPIPE, before);
}

TEST_F(SubprocessApi, NoDescriptorOrZombieIsLeft) {
  const int before = ::dup(0);
  ::close(before);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(check_output({"echo", "x"}), "x\n");
  }
  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(after, before);
  EXPECT_EQ(output_of("ps -o stat= --ppid $PPID | grep -c Z || true"), "0\n");
}

}  // namespace
}  // namespace weft

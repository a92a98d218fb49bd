// weft/subprocess.h: programs that run beside this one, and what they read and write.
//
// Layer:  runtime, public.      See also: weft/run.h, weft/child.h, weft/file.h.
#pragma once
#include <sys/types.h>
#include <weft/detail/time.h>
#include <weft/file.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

/// Where one of a program's three standard streams leads to.
///
/// Source:   subprocess.PIPE, DEVNULL, STDOUT.
///
///     weft::Subprocess ls({"ls"}, {.out = weft::Stdio::pipe()});
class Stdio {
 public:
  /// To where this process's own does.
  constexpr Stdio() = default;
  /// The same.
  static constexpr Stdio inherit() { return {}; }
  /// To us: Subprocess::in(), out(), err().
  static constexpr Stdio pipe() { return Stdio(kPipe); }
  /// To /dev/null.
  static constexpr Stdio null() { return Stdio(kNull); }
  /// Of standard error: to where standard output does.
  static constexpr Stdio to_stdout() { return Stdio(kStdout); }
  /// To an open descriptor, which stays the caller's.
  static constexpr Stdio fd(int fd) { return Stdio(fd); }
  /// Whether both are the same.
  friend constexpr bool operator==(Stdio a, Stdio b) = default;
  /// The descriptor of fd(); negative for the others.
  [[nodiscard]] constexpr int number() const { return what_; }

 private:
  static constexpr int kInherit = -1;
  static constexpr int kPipe = -2;
  static constexpr int kNull = -3;
  static constexpr int kStdout = -4;
  explicit constexpr Stdio(int what) : what_(what) {}
  int what_ = kInherit;
};

/// How a program is started.
struct SubprocessOptions {
  Stdio in = {};                                             ///< Standard input.
  Stdio out = {};                                            ///< Standard output.
  Stdio err = {};                                            ///< Standard error.
  std::string executable = {};                               ///< If not the first argument.
  std::optional<std::vector<std::string>> environment = {};  ///< "NAME=value"; else ours.
  std::string directory = {};                                ///< To start in; else ours.
  bool close_fds = true;                    ///< Only the streams and pass_fds are left open.
  std::vector<int> pass_fds = {};           ///< Left open, under their numbers.
  bool restore_signals = true;              ///< SIGPIPE and SIGXFSZ are not ignored.
  bool new_session = false;                 ///< setsid(2).
  std::optional<pid_t> process_group = {};  ///< setpgid(2); 0: one of its own.
  std::optional<uid_t> user = {};           ///< setuid(2).
  std::optional<gid_t> group = {};          ///< setgid(2).
  std::optional<std::vector<gid_t>> extra_groups = {};  ///< setgroups(2).
  std::optional<mode_t> umask = {};                     ///< umask(2).
};

/// What came of a program's pipes.
struct Output {
  std::string out;  ///< Of standard output.
  std::string err;  ///< Of standard error.
};

/// A program did not end in time. It still runs; run() and its kin have ended it.
///
/// Source:   subprocess.TimeoutExpired.
///
///     catch (const weft::TimeoutExpired& e) { log(e.output().out); }
class TimeoutExpired : public std::runtime_error {
 public:
  /// What had come by then.
  TimeoutExpired(const std::vector<std::string>& args, Output output);
  /// What had come by then. communicate() may be called again and loses nothing.
  [[nodiscard]] const Output& output() const noexcept { return *output_; }

 private:
  std::shared_ptr<const Output> output_;
};

/// A running program, or one that has ended.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   the constructor throws std::system_error with what failed in the child, and with the
///           path: ENOENT, EACCES, EPERM...; ENOSYS before Linux 5.3. The others: ECHILD if
///           somebody else has taken the child's end; what calls off the fiber's waits: the program
///           goes on then.
/// Threads:  any, fiber or not; wait() and send_signal() by any number at a time, the rest by one.
/// Promise:  the end is learned by a pidfd: SIGCHLD is the program's own affair. Signals reach this
///           child or nobody. The destructor closes the pipes and waits for nothing; a child that
///           has ended by then leaves no zombie.
/// Source:   subprocess.Popen.
///
///     weft::Subprocess sort({"sort"}, {.in = weft::Stdio::pipe(), .out = weft::Stdio::pipe()});
///     std::string sorted = sort.communicate("b\na\n").out;
class Subprocess {
 public:
  /// Starts the program args[0], which is looked for in PATH if it has no slash.
  explicit Subprocess(std::vector<std::string> args, const SubprocessOptions& options = {});
  /// Takes over the other's, which may only be destroyed then.
  Subprocess(Subprocess&& other) noexcept;
  /// The same.
  Subprocess& operator=(Subprocess&& other) noexcept;
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  ~Subprocess();

  /// The process id.
  [[nodiscard]] pid_t pid() const;
  /// The arguments.
  [[nodiscard]] const std::vector<std::string>& args() const;
  /// Our end of standard input; not open if that is no pipe.
  [[nodiscard]] File& in();
  /// Our end of standard output.
  [[nodiscard]] File& out();
  /// Our end of standard error.
  [[nodiscard]] File& err();

  /// Waits until it has ended, and returns its return code: what it exited with, or -N for signal
  /// N.
  int wait() { return *wait_until_deadline(detail::kNever); }
  /// As wait(), for at most `timeout`. Nothing if it has not ended by then.
  template <class Rep, class Period>
  std::optional<int> wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    return wait_until_deadline(detail::deadline_after(timeout));
  }
  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  std::optional<int> wait_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return wait_until_deadline(detail::deadline_at(moment));
  }
  /// The return code if it has ended; asks the kernel.
  std::optional<int> poll();
  /// The return code if somebody has asked since it ended.
  [[nodiscard]] std::optional<int> returncode() const;

  /// Sends a signal; nothing if it has ended.
  void send_signal(int signal);
  /// SIGTERM.
  void terminate();
  /// SIGKILL.
  void kill();

  /// Writes `input` to its standard input and closes that, reads what it writes until the end, all
  /// at the same time, and waits for its end. Pipes that it has handed on are waited for, too.
  Output communicate(std::string_view input = {}) {
    return communicate_until_deadline(input, detail::kNever);
  }
  /// As communicate(), for at most `timeout`: then it throws TimeoutExpired. Called again it goes
  /// on where it was; the input is that of the first call.
  template <class Rep, class Period>
  Output communicate_for(const std::chrono::duration<Rep, Period>& timeout,
                         std::string_view input = {}) {
    return communicate_until_deadline(input, detail::deadline_after(timeout));
  }

 private:
  struct State;
  std::optional<int> wait_until_deadline(std::int64_t deadline);
  Output communicate_until_deadline(std::string_view input, std::int64_t deadline);
  std::unique_ptr<State> state_;
};

}  // namespace weft

// weft/run.h: programs that are run to their end.
//
// Layer:  runtime, public.      See also: weft/subprocess.h.
#pragma once
#include <weft/subprocess.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft {

/// How run() and its kin run a program.
struct RunOptions {
  SubprocessOptions start = {};           ///< How it is started.
  std::optional<std::string> input = {};  ///< For its standard input, which is a pipe then.
  std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max();  ///< Then it is killed.
  bool capture_output = false;  ///< Standard output and error are pipes, and kept.
  bool check = false;           ///< A return code that is not 0 is an error.
};

/// A program that has ended.
///
/// Source:   subprocess.CompletedProcess.
///
///     weft::CompletedProcess make = weft::run({"make"});
struct CompletedProcess {
  std::vector<std::string> args;  ///< With which it ran.
  int returncode;                 ///< As Subprocess::wait().
  std::string out;                ///< What its pipe of standard output had.
  std::string err;                ///< What its pipe of standard error had.
  /// Throws CalledProcessError if the return code is not 0.
  void check_returncode() const;
};

/// A program has failed.
///
/// Source:   subprocess.CalledProcessError.
///
///     catch (const weft::CalledProcessError& e) { exit(e.process().returncode); }
class CalledProcessError : public std::runtime_error {
 public:
  /// Says with what it failed.
  explicit CalledProcessError(CompletedProcess process);
  /// The one that failed.
  [[nodiscard]] const CompletedProcess& process() const noexcept { return *process_; }

 private:
  std::shared_ptr<const CompletedProcess> process_;
};

/// Runs a program to its end.
///
/// Errors:   as Subprocess; TimeoutExpired; CalledProcessError if options.check. If the caller's
///           wait is called off the program is killed.
/// Threads:  any, fiber or not.
/// Source:   subprocess.run().
///
///     auto head = weft::run({"git", "rev-parse", "HEAD"}, {.capture_output = true}).out;
CompletedProcess run(const std::vector<std::string>& args, const RunOptions& options = {});

/// run(), and only the return code. subprocess.call().
///
///     if (weft::call({"test", "-e", path}) == 0) ...
int call(const std::vector<std::string>& args, const RunOptions& options = {});

/// run() with options.check. subprocess.check_call().
///
///     weft::check_call({"mkdir", path});
void check_call(const std::vector<std::string>& args, const RunOptions& options = {});

/// run() with options.check and a pipe of standard output: what came of it.
/// subprocess.check_output().
///
///     std::string date = weft::check_output({"date"});
std::string check_output(const std::vector<std::string>& args, const RunOptions& options = {});

}  // namespace weft

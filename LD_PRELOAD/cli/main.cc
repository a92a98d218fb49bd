// The `weft` command: runs unmodified programs with fibers for threads.
#include <CLI/CLI.hpp>
#include <array>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "LD_PRELOAD/cli/command_line.h"
#include "LD_PRELOAD/cli/dump.h"
#include "LD_PRELOAD/cli/help_config.h"
#include "LD_PRELOAD/cli/run.h"
#include "runtime/setting_rows.h"

namespace {

using weft::cli::RunOptions;

constexpr int kUsage = 2;
constexpr unsigned long long kMinStack = 16ULL << 10;  // PTHREAD_STACK_MIN
constexpr unsigned long long kMaxStack = 1ULL << 30;
constexpr int kMaxPid = 4'194'304;  // PID_MAX_LIMIT of Linux

// A group of calls that can be left to libc.
struct Group {
  const char* name = nullptr;
  const char* calls = nullptr;
  const char* other_name = nullptr;  // gevent's
};
constexpr std::array kGroups = {
    Group{"io", "read, write, accept, connect, send, recv and the like", "socket"},
    Group{"poll", "poll, select, epoll_wait", "select"},
    Group{"time", "sleep, usleep, nanosleep, clock_nanosleep"},
    Group{"thread", "pthread_create, pthread_join: threads stay kernel threads"},
    Group{"sync", "pthread_mutex_*, pthread_cond_*, semaphores, barriers, futex"},
    Group{"process", "fork, vfork, wait, waitpid, waitid, system, pclose"},
    Group{"signal", "pthread_kill, pthread_sigmask, sigwait and the like"},
    Group{"dns", "getaddrinfo, getnameinfo, gethostbyname and the like"},
    Group{"stdio", "getline, fread, printf, fflush, flockfile and the like"},
    Group{"ipc", "message queues, semaphores of System V"},
};

void add_run_options(CLI::App& run, RunOptions& options, std::string& stack) {
  run.add_option("--workers", options.workers, "kernel threads that run fibers")
      ->type_name("N")
      ->check(CLI::Range(1, weft::runtime::kMostWorkers));
  run.add_option("--stack", stack, "stack of a thread that does not ask for a size (64K, 8M)")
      ->type_name("SIZE");
  run.add_option("--seed", options.seed,
                 "one worker, and an order of fibers that is a function of this number; sleeps and "
                 "timeouts take no time")
      ->type_name("N");
  for (const Group& group : kGroups) {
    run.add_flag_callback(
        std::string("--no-") + group.name +
            (group.other_name == nullptr ? "" : std::string(",--no-") + group.other_name),
        [&options, &group] { options.disabled_groups.emplace_back(group.name); },
        std::string("leave to libc: ") + group.calls);
  }
  run.add_flag_callback(
      "--file", [&options] { options.enabled_groups.emplace_back("file"); },
      "reading, writing and syncing regular files delays no other thread: for slow disks");
  run.add_flag("--follow", options.follow, "the programs that PROGRAM starts run under weft, too");
  run.add_flag("--monitor", options.monitor,
               "report on standard error what holds a kernel thread for too long");
  run.add_flag("--verbose", options.verbose, "say on standard error what weft does");
}

int usage_error(const std::string& message) {
  std::cerr << "weft: " << message << "\nRun 'weft run --help' for more information.\n";
  return kUsage;
}

// After the command line was understood: what CLI11 cannot check.
int start(RunOptions options, const std::string& stack, const std::vector<std::string>& program) {
  if (!stack.empty()) {
    const unsigned long long bytes = weft::cli::parse_size(stack);
    if (bytes < kMinStack || bytes > kMaxStack) {
      return usage_error("--stack: '" + stack + "' is not a size from 16K to 1G");
    }
    options.stack_bytes = bytes;
  }
  if (program.empty()) return usage_error("run: PROGRAM is missing");
  return weft::cli::run(options, program);
}

int command(std::vector<std::string> arguments) {
  CLI::App app("weft: blocking code on green threads.");
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  app.require_subcommand(1);
  CLI::App& run = *app.add_subcommand("run",
                                      "weft run [OPTIONS] [--] PROGRAM [ARGS...]: "
                                      "run a program with fibers for threads");
  run.footer(
      "What follows PROGRAM belongs to it. The exit status is PROGRAM's; 126 if it cannot run "
      "under\n"
      "weft, 127 if there is no such program, 2 if an option is wrong.");
  RunOptions options;
  std::string stack;
  add_run_options(run, options, stack);
  bool wants_settings = false;
  run.add_flag("--help-config", wants_settings, "print all settings, also those without option");
  CLI::App& dump = *app.add_subcommand(
      "dump", "weft dump PID: print what each fiber of a live process waits for");
  pid_t process = 0;
  dump.add_option("PID", process, "a process that runs under weft")
      ->required()
      ->check(CLI::Range(1, kMaxPid));

  // PROGRAM and its arguments never reach CLI11: they may look like our options.
  std::vector<std::string> program;
  if (!arguments.empty() && arguments.front() == "run") {
    weft::cli::CommandLine line = weft::cli::cut({arguments.begin() + 1, arguments.end()},
                                                 {"--workers", "--stack", "--seed"});
    program = std::move(line.program);
    arguments.resize(1);
    arguments.insert(arguments.end(), line.options.begin(), line.options.end());
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // CLI11's convention
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (wants_settings) {
    return weft::cli::help_config();
  }
  return dump.parsed() ? weft::cli::dump(process) : start(options, stack, program);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return command({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "weft: " << error.what() << "\n";
    return 1;
  }
}

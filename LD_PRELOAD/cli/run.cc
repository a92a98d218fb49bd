#include "LD_PRELOAD/cli/run.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>

#include "LD_PRELOAD/cli/elf_check.h"

namespace weft::cli {
namespace {

constexpr int kCannotRun = 126;  // as sh(1)
constexpr int kNotFound = 127;

int refuse_to_run(const std::string& name, const Refusal& refusal, int status = kCannotRun) {
  std::cerr << "weft: cannot run '" << name << "': " << refusal.why << ". " << refusal.what_to_do
            << "\n";
  return status;
}

bool is_executable_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

// The candidates in the order of execvp: the name itself if it has a slash, else along PATH.
std::vector<std::string> candidates(const std::string& name) {
  if (name.find('/') != std::string::npos) return {name};
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/bin:/usr/bin");
  std::vector<std::string> found;
  for (std::string folder; std::getline(folders, folder, ':');) {
    found.push_back((folder.empty() ? "." : folder) + "/" + name);
  }
  return found;
}

// Finds the file that exec would take; returns 0, or the exit status after a message.
int find_program(const std::string& name, std::string& path) {
  bool exists = false;
  for (const std::string& candidate : candidates(name)) {
    if (is_executable_file(candidate)) {
      path = candidate;
      return 0;
    }
    exists = exists || ::access(candidate.c_str(), F_OK) == 0;
  }
  if (exists) {
    return refuse_to_run(name, {"it is not an executable file", "Check its name and permissions."});
  }
  return refuse_to_run(name, {"there is no such program", "Check its name, its path and PATH."},
                       kNotFound);
}

}  // namespace

int run(const RunOptions& options, const std::vector<std::string>& program) {
  const std::string& name = program.front();
  std::string path;
  if (const int status = find_program(name, path); status != 0) return status;
  if (const auto refusal = refuse(path)) return refuse_to_run(name, *refusal);

  const std::string preload = find_preload();
  if (preload.empty()) {
    return refuse_to_run(
        name, {"libweft_preload.so is missing beside weft", "Build or install weft as a whole."});
  }
  if (preload.find_first_of(" :") != std::string::npos) {
    return refuse_to_run(name, {"the path " + preload +
                                    " has a space or a colon, which LD_PRELOAD "
                                    "cannot hold",
                                "Move weft to another folder."});
  }
  set_environment(options, preload);

  std::vector<char*> arguments;
  arguments.reserve(program.size() + 1);
  for (const std::string& argument : program)
    arguments.push_back(const_cast<char*>(argument.data()));
  arguments.push_back(nullptr);
  ::execvp(path.c_str(), arguments.data());  // of the path just checked, with the name as argv[0]
  const int error = errno;
  return refuse_to_run(name, {std::strerror(error), "The kernel refused to execute " + path + "."},
                       error == ENOENT ? kNotFound : kCannotRun);
}

}  // namespace weft::cli

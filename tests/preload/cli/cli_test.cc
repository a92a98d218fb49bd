// `weft run`: what it hands on, what it refuses, and with which words and exit status.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

struct Result {
  int status = 0;      // exit status, or 128 + signal
  std::string output;  // both streams
};

Result shell(const std::string& command) {
  Result result;
  FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// A folder that looks like an installed weft, and has room for programs.
class Cli : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/weft_cli_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = fs::canonical(name);
    fs::create_directories(root_ / "bin");
    fs::create_directories(root_ / "lib");
    fs::copy_file(WEFT_CLI, root_ / "bin/weft");
    fs::copy_file(WEFT_STUB, preload());
    ::unsetenv("LD_PRELOAD");
    // Leaks of env and sh are not ours; and some tests preload things ahead of weft itself.
    ::setenv("ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0", 1);
  }
  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] std::string preload() const { return root_ / "lib/libweft_preload.so"; }
  [[nodiscard]] std::string path(const std::string& name) const { return root_ / name; }

  [[nodiscard]] Result weft(const std::string& arguments) const {
    return shell("exec " + path("bin/weft") + " " + arguments);
  }

  // An executable file with these contents.
  std::string program(const std::string& contents, unsigned mode = 0755) const {
    std::ofstream(path("program"), std::ios::binary) << contents;
    ::chmod(path("program").c_str(), mode);
    return path("program");
  }

  void expect_refused(const std::string& file, const std::string& why) const {
    const Result result = weft("run " + file);
    EXPECT_EQ(result.status, 126) << result.output;
    EXPECT_THAT(result.output, StartsWith("weft: cannot run '" + file + "': "));
    EXPECT_THAT(result.output, HasSubstr(why));
  }

 private:
  fs::path root_;
};

// An ELF file of this machine with nothing in it but, perhaps, the name of a loader.
struct Elf {
  explicit Elf(const std::string& loader) : loader_name(loader) {
    std::ifstream self("/proc/self/exe", std::ios::binary);
    self.read(reinterpret_cast<char*>(&header), sizeof header);
    header.e_phoff = sizeof header;
    header.e_phnum = loader.empty() ? 0 : 1;
  }
  [[nodiscard]] std::string bytes() const {
    ElfW(Phdr) segment{};
    segment.p_type = PT_INTERP;
    segment.p_offset = sizeof header + sizeof segment;
    segment.p_filesz = loader_name.size() + 1;
    std::string all(reinterpret_cast<const char*>(&header), sizeof header);
    all.append(reinterpret_cast<const char*>(&segment), sizeof segment);
    return all + loader_name + '\0';
  }
  ElfW(Ehdr) header{};
  std::string loader_name;
};

TEST_F(Cli, PreloadsTheObjectBesideIt) {
  const Result result = weft("run env");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("LD_PRELOAD="));
  EXPECT_THAT(result.output, HasSubstr(preload() + "\n"));
}

TEST_F(Cli, KeepsEarlierPreloadsBehindItsOwn) {
  ASSERT_TRUE(fs::copy_file(WEFT_STUB, path("lib/other.so")));
  ::setenv("LD_PRELOAD", path("lib/other.so").c_str(), 1);
  const Result result = weft("run env");
  ::unsetenv("LD_PRELOAD");
  EXPECT_THAT(result.output, HasSubstr(preload() + ":" + path("lib/other.so") + "\n"));
}

TEST_F(Cli, PutsASanitizersRuntimeFirst) {
  ASSERT_TRUE(fs::copy_file(WEFT_STUB, path("lib/libtsan.so.2")));
  const std::string earlier = path("bin/none") + " " + path("lib/libtsan.so.2");
  // Set for weft only, not for the shell between, which has nothing to do with it.
  const Result ordered =
      shell("LD_PRELOAD='" + earlier + "' exec " + path("bin/weft") + " run env");
  EXPECT_THAT(ordered.output, HasSubstr(path("lib/libtsan.so.2") + ":" + preload()));
}

TEST_F(Cli, HandsItsOptionsOnAsVariables) {
  const Result result = weft(
      "run --workers 3 --stack=64K --seed 7 --no-io --no-sync --file --follow --monitor --verbose "
      "env | "
      "grep "
      "^WEFT_ | sort");
  EXPECT_EQ(result.output,
            "WEFT_DISABLE=io,sync\nWEFT_ENABLE=file\nWEFT_FOLLOW=1\nWEFT_MONITOR=1\nWEFT_SEED="
            "7\nWEFT_STACK=65536\n"
            "WEFT_VERBOSE=1\nWEFT_WORKERS=3\n");
}

TEST_F(Cli, KnowsGeventsNamesOfGroups) {
  EXPECT_EQ(weft("run --no-socket --no-select env | grep ^WEFT_").output, "WEFT_DISABLE=io,poll\n");
}

TEST_F(Cli, SetsNoVariableThatWasNotAskedFor) {
  EXPECT_EQ(weft("run env | grep -c ^WEFT_").output, "0\n");
}

TEST_F(Cli, AfterTheProgramEverythingBelongsToIt) {
  EXPECT_EQ(weft("run echo --workers x -- --help").output, "--workers x -- --help\n");
  EXPECT_EQ(weft("run --workers 2 -- echo -- --no-io").output, "-- --no-io\n");
}

TEST_F(Cli, ExitStatusAndSignalsPassThrough) {
  EXPECT_EQ(weft("run sh -c 'exit 7'").status, 7);
  EXPECT_EQ(weft("run sh -c 'kill -TERM $$'").status, 128 + SIGTERM);
}

TEST_F(Cli, WrongOptionsAreUsageErrors) {
  for (const char* arguments :
       {"run --workers 0 true", "run --workers 257 true", "run --workers many true",
        "run --stack 3Q true", "run --stack 1K true", "run --stack 2G true", "run --stack -5 true",
        "run --seed x true", "run --seed true", "run --unknown true", "run --no-such true", "run",
        "run --", "run --workers", "", "walk"}) {
    const Result result = weft(arguments);
    EXPECT_EQ(result.status, 2) << arguments << "\n" << result.output;
    EXPECT_NE(result.output, "") << arguments;
  }
}

TEST_F(Cli, HelpAndVersionAreNotErrors) {
  EXPECT_EQ(weft("--version").status, 0);
  EXPECT_THAT(weft("--version").output, StartsWith("weft "));
  const Result help = weft("run --help");
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.output, HasSubstr("PROGRAM [ARGS...]"));
  for (const char* group : {"io", "socket", "poll", "select", "time", "thread", "sync", "process",
                            "signal", "dns", "stdio", "ipc"}) {
    EXPECT_THAT(help.output, ContainsRegex(std::string("--no-") + group + "[ ,]"));
  }
}

TEST_F(Cli, MissingProgramIs127) {
  for (const char* name : {"no_such_program", "./no_such_program"}) {
    const Result result = weft(std::string("run ") + name);
    EXPECT_EQ(result.status, 127) << result.output;
    EXPECT_THAT(result.output, HasSubstr("there is no such program"));
  }
}

TEST_F(Cli, RefusesWhatIsNotExecutable) {
  expect_refused(program("#!/bin/sh\n", 0644), "not an executable file");
  expect_refused("/tmp", "not an executable file");
}

TEST_F(Cli, RefusesStaticPrograms) {
  expect_refused(program(Elf("").bytes()), "linked statically");
}

TEST_F(Cli, RefusesPrivilegedPrograms) {
  const std::string good = Elf("/lib64/ld-linux-x86-64.so.2").bytes();
  expect_refused(program(good, 04755), "set-user-ID");
  expect_refused(program(good, 02755), "set-group-ID");
}

TEST_F(Cli, RefusesOtherLibcs) {
  expect_refused(program(Elf("/lib/ld-musl-x86_64.so.1").bytes()), "/lib/ld-musl-x86_64.so.1");
}

TEST_F(Cli, RefusesOtherProcessorsAndWordSizes) {
  Elf other("/lib64/ld-linux-x86-64.so.2");
  other.header.e_machine = EM_PPC64;
  expect_refused(program(other.bytes()), "another kind of processor");
  Elf small("/lib64/ld-linux-x86-64.so.2");
  small.header.e_ident[EI_CLASS] = ELFCLASS32;
  expect_refused(program(small.bytes()), "another word size");
}

TEST_F(Cli, ScriptsAreJudgedByTheirInterpreter) {
  EXPECT_EQ(weft("run " + program("#!/bin/sh\necho $1\n") + " fine").output, "fine\n");
  fs::rename(program(Elf("").bytes()), path("static"));
  expect_refused(program("#! " + path("static") + " -x\n"), "linked statically");
}

TEST_F(Cli, SaysWhenThePreloadObjectIsMissing) {
  fs::remove(preload());
  if (fs::exists(WEFT_INSTALLED_PRELOAD)) GTEST_SKIP() << "weft is installed on this machine";
  expect_refused("/bin/true", "libweft_preload.so is missing");
}

// README.md's table of settings in the form that `weft run --help-config` has.
std::string settings_of_readme() {
  std::ifstream readme(WEFT_README);
  std::string printed;
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `WEFT_")) continue;
    std::erase(line, '`');
    std::vector<std::string> cells;
    std::istringstream rest(line.substr(1));
    for (std::string cell; std::getline(rest, cell, '|');) {
      const std::size_t first = std::min(cell.find_first_not_of(' '), cell.size());
      cells.push_back(cell.substr(first, cell.find_last_not_of(' ') + 1 - first));
    }
    if (cells.size() != 5) return "not five cells: " + line;
    printed += cells[0] + "\n  option:  " + cells[1] + "\n  default: " + cells[2] +
               "\n  limits:  " + cells[3] + "\n  meaning: " + cells[4] + "\n";
  }
  return printed;
}

TEST_F(Cli, HelpConfigPrintsTheSettingsOfTheReadme) {
  const Result result = weft("run --help-config");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("WEFT_SLICE\n  option:  \n  default: 10\n"));
  EXPECT_EQ(result.output, settings_of_readme());
}

TEST_F(Cli, EachVariableThatIsSetIsASetting) {
  const std::string settings = weft("run --help-config").output;
  std::istringstream variables(
      weft("run --workers 3 --stack=64K --seed 7 --no-io --file --follow --monitor --verbose env | "
           "sed -n 's/^\\(WEFT_[A-Z_]*\\)=.*/\\1/p'")
          .output);
  int count = 0;
  for (std::string name; variables >> name; ++count) {
    EXPECT_THAT(settings, HasSubstr(name + "\n"));
  }
  EXPECT_EQ(count, 8);
}

}  // namespace

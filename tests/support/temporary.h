// tests/support/temporary.h: files and folders that go with the test.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace weft::test {

/// What mkstemp(3) and mkdtemp(3) make a name of: in TMPDIR, or in /tmp.
inline std::string temporary_pattern() {
  return std::filesystem::temp_directory_path() / "weft_test.XXXXXX";
}

/// An empty file.
class TemporaryFile {
 public:
  TemporaryFile() { ::close(::mkstemp(path_.data())); }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Replaces what is in it.
  void write(const std::string& text) const { std::ofstream(path_) << text; }

 private:
  std::string path_ = temporary_pattern();
};

/// An empty folder; it goes with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    if (::mkdtemp(path_.data()) == nullptr) {
      std::abort();
    }
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = temporary_pattern();
};

}  // namespace weft::test

#include "LD_PRELOAD/cli/environment.h"

#include <link.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace weft::cli {
namespace {

constexpr const char* kPreloadName = "libweft_preload.so";

bool is_sanitizer(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.starts_with("libasan.so") || name.starts_with("libtsan.so");
}

// The sanitizer runtime of this process: the preload object of the same build needs it as well.
std::string own_sanitizer() {
  std::string found;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        if (is_sanitizer(info->dlpi_name)) *static_cast<std::string*>(result) = info->dlpi_name;
        return 0;
      },
      &found);
  return found;
}

std::string join(const std::vector<std::string>& words, char separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

}  // namespace

std::string find_preload() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path lib =
      fs::read_symlink("/proc/self/exe", error).parent_path().parent_path() / "lib";
  const std::vector<fs::path> folders = {lib, lib / WEFT_MULTIARCH, lib / WEFT_MULTIARCH / "weft",
                                         WEFT_INSTALL_LIBDIR};
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / kPreloadName, error)) return folder / kPreloadName;
  }
  return "";
}

std::string prepend_preload(const std::string& preload, const std::string& existing) {
  std::vector<std::string> first;
  std::vector<std::string> rest = {preload};
  if (const std::string own = own_sanitizer(); !own.empty()) first.push_back(own);
  std::string spaced = existing;  // ld.so takes spaces and colons alike
  for (char& c : spaced) c = c == ':' ? ' ' : c;
  std::istringstream entries(spaced);
  for (std::string entry; entries >> entry;) {
    if (entry == preload) continue;  // weft run weft run PROGRAM
    (is_sanitizer(entry) ? first : rest).push_back(entry);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  return join(first, ':');
}

void set_environment(const RunOptions& options, const std::string& preload) {
  const auto set = [](const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
  };
  if (options.workers) set("WEFT_WORKERS", std::to_string(*options.workers));
  if (options.stack_bytes) set("WEFT_STACK", std::to_string(*options.stack_bytes));
  if (options.seed) set("WEFT_SEED", std::to_string(*options.seed));
  if (!options.enabled_groups.empty()) set("WEFT_ENABLE", join(options.enabled_groups, ','));
  if (!options.disabled_groups.empty()) set("WEFT_DISABLE", join(options.disabled_groups, ','));
  if (options.follow) set("WEFT_FOLLOW", "1");
  if (options.monitor) set("WEFT_MONITOR", "1");
  if (options.verbose) set("WEFT_VERBOSE", "1");
  const char* existing = std::getenv("LD_PRELOAD");
  set("LD_PRELOAD", prepend_preload(preload, existing == nullptr ? "" : existing));
}

}  // namespace weft::cli

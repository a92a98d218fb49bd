#include "LD_PRELOAD/cli/elf_check.h"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

namespace weft::cli {
namespace {

constexpr int kMaxInterpreters = 4;  // as the kernel: a script's interpreter may be a script

std::string read_at(std::ifstream& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

// The bytes at `offset` as a structure; all zero if the file is too short.
template <class T>
T read_struct(std::ifstream& file, std::uint64_t offset) {
  T value{};
  const std::string bytes = read_at(file, offset, sizeof value);
  if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// PT_INTERP's path; empty if there is none, that is, if the program is static.
std::string dynamic_loader(std::ifstream& file, const ElfW(Ehdr) & header) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto at = header.e_phoff + std::uint64_t{i} * header.e_phentsize;
    const auto segment = read_struct<ElfW(Phdr)>(file, at);
    if (segment.p_type != PT_INTERP || segment.p_filesz > 4096) continue;
    const std::string name = read_at(file, segment.p_offset, segment.p_filesz);
    return name.substr(0, name.find('\0'));
  }
  return "";
}

bool is_glibc_loader(const std::string& loader) {
  const std::string name = base_name(loader);
  return name.starts_with("ld-linux") || name.starts_with("ld64.so");
}

std::optional<Refusal> refuse_elf(std::ifstream& file) {
  const auto header = read_struct<ElfW(Ehdr)>(file, 0);
  std::ifstream self("/proc/self/exe", std::ios::binary);
  const auto own = read_struct<ElfW(Ehdr)>(self, 0);
  if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
      header.e_ident[EI_DATA] != own.e_ident[EI_DATA] || header.e_machine != own.e_machine) {
    return Refusal{"it is built for another kind of processor or another word size than weft",
                   "Use a build of the program, or of weft, for the same architecture."};
  }
  const std::string loader = dynamic_loader(file, header);
  if (loader.empty()) {
    return Refusal{"it is linked statically, so nothing can be loaded into it",
                   "Use a dynamically linked build, or link it with weft."};
  }
  if (!is_glibc_loader(loader)) {
    return Refusal{"its loader is " + loader + ", not glibc's",
                   "Use a build of the program for glibc."};
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_privileged(const std::string& path) {
  struct stat info {};
  const bool known = ::stat(path.c_str(), &info) == 0;
  if (known && (info.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return Refusal{"it is set-user-ID or set-group-ID, and the loader ignores LD_PRELOAD for it",
                   "Run a copy without these bits, as the user it is meant to run as."};
  }
  if (::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0) {
    return Refusal{"it has file capabilities, and the loader ignores LD_PRELOAD for it",
                   "Run a copy without them, e.g. started by setpriv --ambient-caps."};
  }
  return std::nullopt;
}

// The interpreter that the kernel will start for the script, or execvp for a text without "#!".
std::string interpreter_of(std::ifstream& file) {
  std::string line;
  file.clear();
  file.seekg(0);
  std::getline(file, line);
  if (!line.starts_with("#!")) return "/bin/sh";
  const auto begin = line.find_first_not_of(" \t", 2);
  if (begin == std::string::npos) return "/bin/sh";
  return line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
}

}  // namespace

std::optional<Refusal> refuse(const std::string& path) {
  std::string current = path;
  for (int i = 0; i < kMaxInterpreters; ++i) {
    std::ifstream file(current, std::ios::binary);
    // Executable but not readable: only the kernel can look inside, and ld.so decides.
    if (!file) return refuse_privileged(current);
    if (read_at(file, 0, SELFMAG) == std::string(ELFMAG, SELFMAG)) {
      const auto refusal = refuse_privileged(current);
      return refusal ? refusal : refuse_elf(file);
    }
    current = interpreter_of(file);  // the kernel ignores set-user-ID on scripts, and so do we
  }
  return std::nullopt;  // the kernel will say ELOOP
}

}  // namespace weft::cli

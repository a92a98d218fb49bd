#include "net/hosts_line.h"

#include <dlfcn.h>
#include <nss.h>

#include <atomic>
#include <cctype>
#include <cstdint>

#include "net/small_file.h"

namespace weft::net {

namespace {

constexpr char kDefault[] = "files dns";  // of glibc
constexpr std::string_view kService = "weft";

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string_view without_leading(std::string_view text, bool (*unwanted)(char)) {
  while (!text.empty() && unwanted(text.front())) {
    text.remove_prefix(1);
  }
  return text;
}

// Up to where `ends` says, and takes that off `text`.
std::string_view take_until(std::string_view& text, bool (*ends)(char)) {
  std::size_t length = 0;
  while (length < text.size() && !ends(text[length])) {
    ++length;
  }
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

enum class Whose : std::uint8_t { kUnknown, kOurs, kLibcs, kPrograms };

// Several may find out at the same time; they find the same.
constinit std::atomic<std::uint64_t> known_version{0};
constinit std::atomic<std::uint64_t> first_root{0};
constinit std::atomic<Whose> whose{Whose::kUnknown};
constinit std::atomic<bool> told_libc{false};

bool libc_has_its_own_service() {
  return dlsym(RTLD_DEFAULT, "_nss_dns_gethostbyname4_r") != nullptr;
}

bool tell_libc(const std::string& line) {
  told_libc.store(true, std::memory_order_relaxed);
  return __nss_configure_lookup("hosts", line.c_str()) == 0;
}

Whose find_out() {
  const std::string line = hosts_line_in(read_file(kNsswitch));
  const std::string own = with_own_service(line);
  const bool must_tell = told_libc.load(std::memory_order_relaxed);
  if (own.empty()) {
    if (must_tell) {
      static_cast<void>(tell_libc(line));
    }
    return Whose::kLibcs;
  }
  if (own.find(kService) == std::string::npos && !must_tell) {  // files alone
    return Whose::kOurs;
  }
  return libc_has_its_own_service() && tell_libc(own) ? Whose::kOurs : Whose::kLibcs;
}

}  // namespace

std::string hosts_line_in(std::string_view file) {
  std::string found = kDefault;
  while (!file.empty()) {
    std::string_view line = take_until(file, [](char c) { return c == '\n'; });
    file = without_leading(file, [](char c) { return c == '\n'; });
    line = without_leading(line, is_space);
    const std::string_view name = take_until(line, [](char c) { return is_space(c) || c == ':'; });
    if (name == "hosts" && !line.empty()) {
      found = without_leading(line, [](char c) { return is_space(c) || c == ':'; });
    }
  }
  return found;
}

std::string with_own_service(std::string_view line) {
  std::string own;
  while (!(line = without_leading(line, is_space)).empty()) {
    if (line.front() == '[') {  // what to do after the service before it
      own.append(take_until(line, [](char c) { return c == ']'; }));
      own.append("] ");
      line = line.substr(line.empty() ? 0 : 1);
      continue;
    }
    const std::string_view name = take_until(line, [](char c) { return is_space(c) || c == '['; });
    if (name != "files" && name != "dns") {
      return {};
    }
    own.append(name == "dns" ? kService : name);
    own.append(" ");
  }
  return own;
}

bool hosts_are_ours() {
  const std::uint64_t root = version_of("/", With::kIdentity);
  std::uint64_t expected = 0;
  first_root.compare_exchange_strong(expected, root);
  const bool is_elsewhere = expected != 0 && expected != root;  // chroot: libc keeps what it knows
  const Whose known = whose.load(std::memory_order_acquire);
  if (known == Whose::kPrograms || (is_elsewhere && known != Whose::kUnknown)) {
    return known == Whose::kOurs;
  }
  const std::uint64_t version = version_of(kNsswitch, With::kTimes);
  if (known_version.load(std::memory_order_acquire) != version) {
    whose.store(find_out(), std::memory_order_release);
    known_version.store(version, std::memory_order_release);
  }
  return whose.load(std::memory_order_acquire) == Whose::kOurs;
}

void leave_hosts_to_program() { whose.store(Whose::kPrograms, std::memory_order_release); }

}  // namespace weft::net

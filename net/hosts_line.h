// hosts_line.h: which services libc asks for hosts (nsswitch.conf(5)), and that ours is one of
// them.
//
// Layer:  net.      See also: net/DESIGN.md ("How libc comes to ask here").
#pragma once
#include <string>
#include <string_view>

namespace weft::net {

inline constexpr char kNsswitch[] = "/etc/nsswitch.conf";

/// The line of a nsswitch.conf that counts, without "hosts:"; libc's default if it has none.
std::string hosts_line_in(std::string_view file);

/// That line with our service instead of "dns". Empty if it names others than "files" and "dns":
/// these may send what nobody sees, and take as long as they like.
std::string with_own_service(std::string_view line);

/// Whether libc's calls for hosts ask no other services than files and ours. Reads nsswitch.conf if
/// it has changed, and tells libc. Threads: any.
[[nodiscard]] bool hosts_are_ours();

/// The program has told libc by itself, which counts from now on: hosts_are_ours() is false.
void leave_hosts_to_program();

}  // namespace weft::net

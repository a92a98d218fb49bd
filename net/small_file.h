// small_file.h: files of a system's configuration, by raw calls: nobody waits for them, and no hook
// sees it.
//
// Layer:  net.
#pragma once
#include <cstdint>
#include <string>

namespace weft::net {

/// What it holds; empty if it can't be read.
std::string read_file(const char* path);

/// What counts as a change of a file.
enum class With : std::uint8_t { kIdentity, kTimes };

/// A number that changes with the file, and never is 0. 1: there is none.
std::uint64_t version_of(const char* path, With with);

}  // namespace weft::net

#include "LD_PRELOAD/cli/help_config.h"

#include <iostream>

#include "runtime/setting_rows.h"

namespace weft::cli {
namespace {

using runtime::SettingRow;

// Those that the runtime knows nothing of: of hooks/, net/ and the preloaded object.
constexpr SettingRow kOtherRows[] = {
    {"WEFT_DISABLE", "--no-GROUP", "none",
     "io, poll, time, thread, sync, process, signal, dns, stdio, ipc, with commas between",
     "groups of calls left to libc. socket and select are second names of io and poll"},
    {"WEFT_ENABLE", "--file", "none", "file",
     "file: read, write, fsync and their kin on regular files hold no worker, for slow disks. "
     "Costs "
     "each of these calls several microseconds"},
    {"WEFT_FOLLOW", "--follow", "0", "0 or 1",
     "1: the programs that the program starts run under weft, too. Else weft takes itself out of "
     "LD_PRELOAD at start, and is handed on only to what the process executes in its own place"},
    {"WEFT_VERBOSE", "--verbose", "0", "0 or 1",
     "1: one line on standard error that says whether weft is on, or why not"},
    {"WEFT_RESOLVER", "", "ares", "ares, thread or block",
     "who looks up names for net::resolver(): c-ares, libc on other threads, or libc"},
    {"WEFT_ARES_SERVERS", "", "those of /etc/resolv.conf", "addresses, with commas between",
     "name servers, each with its port or without"},
    {"WEFT_ARES_TIMEOUT", "", "of c-ares", "a number from 0",
     "seconds, with fractions, that a name server's answer is waited for at first"},
    {"WEFT_ARES_TRIES", "", "of c-ares", "a number from 0", "how often each name server is asked"},
    {"WEFT_ARES_NDOTS", "", "of c-ares", "a number from 0",
     "a name with as many dots is looked up as it is, before the search list"},
};

void print(const SettingRow& row) {
  std::cout << row.variable << "\n  option:  " << row.option << "\n  default: " << row.default_value
            << "\n  limits:  " << row.limits << "\n  meaning: " << row.meaning << "\n";
}

}  // namespace

int help_config() {
  for (const SettingRow& row : runtime::kSettingRows) print(row);
  for (const SettingRow& row : kOtherRows) print(row);
  return std::cout.flush() ? 0 : 1;
}

}  // namespace weft::cli

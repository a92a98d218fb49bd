# clients.sh: what the scripts of this folder share. Each starts one server of a Debian package, and runs
# a program with tests of a client library against it, and the samples of that library. First line of a
# script, whose arguments are the program and the folder with the samples:
#
#     source "$(dirname "$0")/clients.sh" "$@"
# shellcheck shell=bash
CLIENT=$1 SAMPLES=$2
CLIENTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/preload/programs/common.sh
set --
source "$CLIENTS/../preload/programs/common.sh"
SCRIPT=$CLIENTS/${0##*/}
source "$HERE/servers.sh"

# One worker, which keeps its kernel thread also where a busy machine lets it wait for longer than a
# slice: then what the tests count is what the library needs.
export WEFT_WORKERS=1 WEFT_SLICE=4096

# run_tests SERVER
run_tests() {
  native "$CLIENT" --gtest_color=no "$1"
}

# run_sample NAME ARGUMENT...: it prints what stdin says.
run_sample() {
  native "$SAMPLES/$1" "${@:2}" >"$1.output"
  assert_output "$1.output"
}

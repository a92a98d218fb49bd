#!/bin/bash
# A program with one thread makes the same system calls under weft as natively, after a few more at
# its start.
#
#   calls.sh CALLS RUNNER...
#
# The loader's calls, before the program and weft begin, are only bounded: how many it needs for
# libweft_preload.so and the libraries behind it depends on where they are.
set -euo pipefail

program=$1
shift
declare -rA kMaxMore=(["load"]=150 ["start"]=8 ["end"]=4)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

command -v strace >/dev/null || fail "strace is not installed"

# trace NAME COMMAND...: the calls of the program itself, from its execve on, one a line, in files
# NAME.load (ends when the loader forgets its cache), NAME.start, NAME.work and NAME.end. Addresses
# and process ids differ from run to run.
trace() {
  local name=$1
  shift
  strace -f -o "$scratch/$name" "$@" || fail "status $? of: strace $*"
  sed -E 's/^[0-9]+ +//; s/ += / = /; s/0x[0-9a-f]{6,}/ADDRESS/g; s/si_pid=[0-9]+/si_pid=PID/
          s/^(getpid|gettid|getppid)\(\) = [0-9]+/\1()/; s/^tgkill\([0-9]+, [0-9]+,/tgkill(PID, TID,/' \
    "$scratch/$name" | awk -v prefix="$scratch/$name" -v program="$program" '
        BEGIN { part = "runner" }
        index($0, "execve(\"" program "\"") == 1 { part = "load" }
        /^getppid\(\)/ { part = part == "start" ? "work" : "end" }
        { print >(prefix "." part) }
        /^munmap\(/ && part == "load" { part = "start" }'
}

lines() { wc -l <"$scratch/$1"; }

trace native "$program"
trace weft "$@" "$program"

(($(lines native.work) > 40)) || fail "the program was not traced"
diff -u "$scratch/native.work" "$scratch/weft.work" || fail "the calls differ"
for part in load start end; do
  more=$(($(lines "weft.$part") - $(lines "native.$part")))
  echo "$part: $more more calls under weft, at most ${kMaxMore[$part]} expected"
  ((more <= kMaxMore[$part])) || fail "too many: $(diff "$scratch/native.$part" "$scratch/weft.$part")"
done
! grep -E '^(clone|clone3|fork|vfork)\(' "$scratch/weft."* || fail "weft made a thread or a process"

#!/bin/bash
# Where stdio has what it needs in its buffers it makes no system call, under weft as natively.
#
#   stdio.sh STDIO RUNNER...
set -euo pipefail

program=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# calls NAME COMMAND...: what the program's first thread calls between its two getppid().
calls() {
  local name=$1
  shift
  strace -f -o "$scratch/$name" "$@" "$program" calls >/dev/null
  awk '/ getppid\(\)/ { marks++; thread = $1; next } marks == 1 && $1 == thread' "$scratch/$name"
  [[ $(grep -c ' getppid()' "$scratch/$name") == 2 ]] || { echo "not traced"; exit 1; }
}

native=$(calls native)
weft=$(calls weft "$@")
[[ -z $native ]] || { echo "natively: $native"; exit 1; }
[[ -z $weft ]] || { echo "under weft: $weft"; exit 1; }

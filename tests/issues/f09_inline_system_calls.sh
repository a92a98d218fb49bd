#!/usr/bin/env bash
# System calls that no library sees stop their own thread only, and WEFT_MONITOR=1 names them.
source "$(dirname "$0")/issue.sh" "$@"
need gcc

compile f09_inline_system_calls
WEFT_MONITOR=1 run ./f09_inline_system_calls >output 2>error
assert_output output <<<fine
if ((${#RUNNER[@]} > 0)); then
  assert_contains error "^weft: fiber [0-9]+ 'inline' .*: waits in the program at 0x[0-9a-f]+ \(system call (nanosleep|read)\)"
fi

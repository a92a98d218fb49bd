#!/usr/bin/env bash
# What _FORTIFY_SOURCE makes of calls waits as the calls do: nobody holds a kernel thread meanwhile.
source "$(dirname "$0")/issue.sh" "$@"
need gcc nm

compile f28_fortified -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
for name in read recv recvfrom poll ppoll fgets fread fprintf; do
  nm -D f28_fortified | grep -q " __${name}_chk" || fail "the compiler left $name as it was"
done
# A slice that is longer than what a busy machine takes from a thread.
WEFT_SLICE=200 WEFT_MONITOR=1 run ./f28_fortified >output 2>error
assert_output output <<<fine
assert_equal "who has held a kernel thread" "" "$(cat error)"

#!/bin/bash
# A program whose threads all wait uses no CPU time, and its kernel threads stay asleep.
#
#   idle.sh IDLE [RUNNER...]

set -euo pipefail

program=$1
shift
readonly kSeconds=10
readonly kMaxTicks=1    # of CPU time: the kernel may count a whole one for a single wake-up
readonly kMaxSwitches=8 # a few looks of the monitor, before it sleeps too

scratch=$(mktemp -d)
pid=
cleanup() {
  if [[ -n $pid ]]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$scratch"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  cat "$scratch/err" >&2
  exit 1
}

# utime and stime, fields 14 and 15 of proc(5); the second, (comm), has no spaces here.
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }

switches() { cat "/proc/$pid/task/"*/status | awk '/ctxt_switches:/ { sum += $2 } END { print sum }'; }

: >"$scratch/out" # grep may look before the program has opened it
"$@" "$program" >"$scratch/out" 2>"$scratch/err" </dev/null &
pid=$!
until grep -q '^waiting$' "$scratch/out"; do
  kill -0 "$pid" 2>/dev/null || fail "the program ended"
  sleep 0.05 # between two looks at the condition
done

ticks_before=$(ticks) switches_before=$(switches)
sleep "$kSeconds" # what is measured
used=$(($(ticks) - ticks_before)) woken=$(($(switches) - switches_before))
grep '^Threads:' "/proc/$pid/status"
echo "in $kSeconds s: $used clock ticks of CPU time, $woken context switches"

[[ $(cat "$scratch/out") == waiting ]] || fail "a thread did not wait"
((used <= kMaxTicks)) || fail "more than $kMaxTicks clock tick"
((woken <= kMaxSwitches)) || fail "more than $kMaxSwitches context switches"

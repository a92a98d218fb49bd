#!/bin/bash
# `weft dump` and SIGQUIT say who waits for whom, and name the circle.
#
#   report.sh WEFT CIRCLE
set -u
weft=$1 circle=$2
scratch=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null; rm -rf "$scratch"' EXIT
ulimit -c 0

fail() {
  echo "FAILED: $*"
  tail -n 20 "$scratch"/*
  exit 1
}

# A background job of a script ignores SIGQUIT, unless told otherwise.
env --default-signal=QUIT "$weft" run "$circle" >"$scratch/out" 2>"$scratch/err" &
pid=$!

# Until all have parked: the circle is closed, and the third thread reads.
complete() {
  "$weft" dump "$pid" >"$scratch/dump" 2>"$scratch/dump_err" &&
    grep -q '^deadlock:' "$scratch/dump" && grep -q 'waits to read' "$scratch/dump"
}
for ((tries = 0; tries < 200; tries++)); do
  complete && break
  sleep 0.05 # between two looks at the condition
done
complete || fail "no complete report"

check() {
  grep -qE "$2" "$1" || fail "$(basename "$1") has no line like: $2"
}
for report in dump err; do
  if [[ $report == err ]]; then
    kill -QUIT "$pid"
    wait "$pid"
    status=$?
    pid=
    ((status == 128 + 3)) || fail "SIGQUIT ended it with status $status, not 131"
  fi
  check "$scratch/$report" '^weft: process [0-9]+, 4 fibers, [1-9] of [1-9] workers$'
  check "$scratch/$report" "^fiber 1 'main' \(thread [0-9]+\) waits for the end of fiber 2 'circle'$"
  check "$scratch/$report" '^fiber 2 .* waits for the mutex at 0x[0-9a-f]+, held by fiber 3 .*$'
  check "$scratch/$report" '^fiber 3 .* waits for the mutex at 0x[0-9a-f]+, held by fiber 2 .*$'
  check "$scratch/$report" '^fiber 4 .* waits to read descriptor [0-9]+ \(pipe:\[[0-9]+\]\)$'
  check "$scratch/$report" "^deadlock: fiber 2 'circle' -> fiber 3 'circle' -> fiber 2 'circle'$"
done

"$weft" dump $$ >"$scratch/dump" 2>"$scratch/dump_err" && fail "it dumped a process without weft"
check "$scratch/dump_err" "^weft: cannot dump process $$: it has no fibers"

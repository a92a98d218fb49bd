#!/usr/bin/env bash
# WEFT_MONITOR=1, and nothing else, reports threads that hold their kernel threads: who, for how long,
# and in which call; at most once a second, and nothing of weft's own. Without it nothing is said.
source "$(dirname "$0")/issue.sh" "$@"
need gcc
compile c39_monitor

# begin SETTING WHAT: the program, whose standard input stays open until finish(). A monitor has
# WEFT_SLICE between its looks.
begin() {
  mkfifo input
  STARTED_AT=$(date +%s%3N)
  env ${1:+"WEFT_MONITOR=$1"} "${RUNNER[@]}" ./c39_monitor "$2" <input >output 2>error &
  PID=$!
  # shellcheck disable=SC2004,SC2034  # common.sh declares it, and ends what is in it
  STARTED[$PID]=c39_monitor
  exec 8>input
  rm input
}

finish() {
  exec 8>&-
  reap "$PID"
  TOOK_MS=$(($(date +%s%3N) - STARTED_AT))
  assert_equal "status" 0 "$STATUS"
  assert_contains output '^end$'
}

tid_of() { sed -n "s/^$1 is //p" output; }

expect_report() { # NAME WHAT
  grep -Eqx "weft: fiber [0-9]+ '$1' \(thread $(tid_of "$1")\) has held kernel thread [0-9]+ for [0-9]+ ms: $2(; .*)?" error
}
reported_all() {
  expect_report tees 'waits in tee of libc\.so\.6 \(system call tee\)' &&
    expect_report computes computes && grep -q 'more were stuck since the last report$' error
}

unset WEFT_MONITOR
begin 1 stuck
wait_until 30 "both threads, and that others were left out, are reported" reported_all
finish
cat error
reports=$(wc -l <error)
((reports <= TOOK_MS / 1000 + 1)) || fail "$reports reports in $TOOK_MS ms"
assert_equal "lines about others" "" \
  "$(grep -Ev "^weft: fiber [0-9]+ '(tees|computes|hops|main)' \(thread " error || true)"

# Who wakes the program for a moment is not what this is about: a slice is longer than any of these.
export WEFT_SLICE=300
begin 1 idle
wait_until 30 "the monitor has looked a few times" grep -q '^has idled$' output
finish
assert_equal "reports about an idle program" "" "$(cat error)"
unset WEFT_SLICE

for setting in "" 0; do
  begin "$setting" stuck
  wait_until 30 "a thread has been stuck often" grep -q '^has hopped$' output
  finish
  assert_equal "said with WEFT_MONITOR='$setting'" "" "$(cat error)"
done

begin yes idle
finish
assert_equal "said of a bad value" "weft: WEFT_MONITOR is not 0 or 1: 'yes'. It is ignored." \
  "$(cat error)"

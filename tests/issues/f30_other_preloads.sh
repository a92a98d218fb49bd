#!/usr/bin/env bash
# Other preloaded objects, which replace calls that weft replaces too: each still does its work.
source "$(dirname "$0")/issue.sh" "$@"
need gcc date

library() {
  local path
  path=$(find /usr/lib -name "$1" | head -n 1)
  [[ -n $path ]] || fail "no $1; install the packages listed in packages.txt"
  echo "$path"
}
eatmydata=$(library libeatmydata.so)
faketime=$(library libfaketimeMT.so.1)

compile f01_allocations
LD_PRELOAD=$eatmydata run ./f01_allocations >output
assert_output output <<<fine
LD_PRELOAD=$faketime FAKETIME='@2001-02-03 04:05:06' DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1 \
  run date -u +%Y-%m-%d >day
assert_equal "day" 2001-02-03 "$(cat day)"
LD_PRELOAD=$faketime FAKETIME='@2001-02-03 04:05:06' DONT_FAKE_MONOTONIC=1 run ./f01_allocations >output
assert_output output <<<fine

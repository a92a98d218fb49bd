#!/usr/bin/env bash
# ruby: Thread#raise, kill and Timeout end threads that are blocked in system calls.
source "$(dirname "$0")/common.sh" "$@"
need ruby

run ruby "$HERE/ruby_blocked.rb" >output
for call in read recv accept poll select child; do
  echo "$call raised: {:raised=>10}"
  echo "$call killed: {:killed=>10}"
  echo "$call timed_out: {:late=>10}"
done | assert_output output

#!/usr/bin/env bash
# ruby: Thread#raise, kill and wakeup, Timeout, Monitor, signals, fork in threads.
source "$(dirname "$0")/common.sh" "$@"
need ruby

run ruby "$HERE/ruby_interrupts.rb" >output
check_reported_threads output 61
assert_output output <<'END_OF_OUTPUT'
raises: 60 threads
kills: 50 threads, 0 alive
handle_interrupts: deferred
timeouts: 40 threads, the inner one, computing
monitors: 20 takers, sum 499500, 0 left, waited FalseClass
closed_queues: 20 takers, 20 putters
condition_timeouts: 50 threads
exceptions: sum 1225
locals: sum 2450
signals: 3 handled, 20 still asleep
forks: 0 1 2 3 4
deadlock: No live threads left
END_OF_OUTPUT

#!/usr/bin/env bash
# perl's interpreter threads: threads, threads::shared, Thread::Queue, Thread::Semaphore.
source "$(dirname "$0")/common.sh" "$@"
need perl
# Debian's perl always has them, others may not.
[[ $(native perl -V:useithreads) == *define* ]] || exit 0

run perl "$HERE/perl_threads.pl" >output
check_reported_threads output 31
assert_output output <<'END_OF_OUTPUT'
counter: 3000
results: 435
queue: 1000 items, sum 500500
semaphore: never more than 3 inside, three free
condition: timed out
empty queue: timed out
bounded queue: sum 20100, never too long
shared: 20 keys, 210 elements
died: expected
left: 0 results
signal: killed
detached: 10 threads
END_OF_OUTPUT

#!/usr/bin/env bash
# The threads of C++20's standard library: jthread, stop_token, barrier, latch, semaphores, async.
source "$(dirname "$0")/common.sh" "$@"
need g++

native g++ -std=c++20 -O2 -pthread -Wall -Werror "$HERE/cxx20_threads.cc" -o program
run ./program >output
check_reported_threads output 301
assert_output output <<'END_OF_OUTPUT'
stop_tokens: 300 threads, 300 callbacks
barriers: 50 threads, 20 rounds
latches: 200 threads begun
semaphores: 50 threads, never more than 5 inside
shared_mutexes: 1250 writes, 3750 reads
recursive_mutexes: 100 threads, 2000 increments
conditions: 20 consumers, sum 1999000
atomic_waits: 20 threads, 1000 turns
futures: sum 2646700, 50 exceptions
call_once: 3 tries, 2 failed
thread_locals: 200 threads, sum of the destroyed 19900
exceptions: 200 caught twice
at_exits: value 1
sleeps: 300 threads, as long as one
END_OF_OUTPUT

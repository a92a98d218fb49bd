#!/usr/bin/env bash
# Rust's std::thread, mpsc, sync and net: a program with hundreds of threads, and its compiler.
source "$(dirname "$0")/common.sh" "$@"
need rustc

run rustc --edition 2021 -O -D warnings "$HERE/rust_threads.rs" -o program
run ./program >output
check_reported_threads output 301
assert_output output <<'END_OF_OUTPUT'
mutex: 300 threads, 30000 increments
condvar: 300 threads woken
rwlock: 1250 writes, 3750 reads
once: 100 threads, 1 run
barrier: 50 threads, 20 rounds
channels: sums [12497500, 12497500, 12497500]
parking: 100 threads unparked
thread_locals: 200 threads, sum of the destroyed 19900
panics: 100 threads, sum 4950
builders: 20 threads, 80000 frames
sleeps: 200 threads, as long as one
server: 50 clients, 500 correct replies
END_OF_OUTPUT

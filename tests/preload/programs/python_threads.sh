#!/usr/bin/env bash
# CPython's threading, queue, concurrent.futures and subprocess, with hundreds of threads.
source "$(dirname "$0")/common.sh" "$@"
need python3

run python3 "$HERE/python_threads.py" >output.log
check_reported_threads output.log 200
assert_output output.log <<'END'
locks: 200 threads, 20000 increments
thread_locals: 200 threads
events: 200 threads
conditions: 20 consumers, 2000 items
barriers: 50 threads, 20 rounds
semaphores: 50 threads, never more than 5 inside
sleeps: 100 threads, as long as one
queues: 20000 items, sum 199990000
executors: 1000 tasks
pipes: 20 pairs, 2000 messages
subprocesses: 20 threads, 60 children
END

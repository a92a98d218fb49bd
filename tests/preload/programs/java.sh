#!/usr/bin/env bash
# The Java virtual machine: threads, executors, monitors, sockets, children, garbage collections.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/runs_natively.sh"
need java javac

run javac -d . "$HERE/JavaProgram.java"
check_runs_natively Java java -Xmx256m -cp . JavaProgram
assert_output output <<'END_OF_OUTPUT'
locks: 100 threads, 100000 increments
conditions: 100 threads woken
queues: 8 producers, 8 consumers, sum 3996000
barriers: 50 threads, 1000 rounds
interrupts: 20 sleeping threads
sleeps: 100 threads, as long as one
server: 50 clients, 500 correct replies
children: 10 replies
garbage: 160 blocks kept
END_OF_OUTPUT

#!/usr/bin/env bash
# Go with cgo, which links libc: goroutines, threads of C, sockets, children.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/runs_natively.sh"
need go gcc

# Natively: the compiler is a static program, which weft refuses.
CGO_ENABLED=1 native go build -o program "$HERE/go_program.go"
check_runs_natively Go ./program
assert_output output <<'END_OF_OUTPUT'
calls: 200 goroutines, sum 2646700
threads: 200 threads of C
locked: 20 goroutines with a thread each, sum 2470
sleeps: 1000 goroutines, as long as one
server: 50 clients, 500 correct replies
children: 10 replies
garbage: 800 strings kept
END_OF_OUTPUT

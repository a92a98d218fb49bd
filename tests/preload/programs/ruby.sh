#!/usr/bin/env bash
# ruby: Thread, Mutex, Queue, ConditionVariable, and a TCPServer with a thread per connection.
source "$(dirname "$0")/common.sh" "$@"
need ruby

run ruby "$HERE/ruby_threads.rb" >output
check_reported_threads output 100
assert_output output <<'END'
mutex: 100 threads, 10000 increments
queues: 8 producers, 8 consumers, 8000 items, sum 31996000
conditions: 50 threads woken
sleeps: 50 threads, as long as one
timeout: given up
server: 50 clients, 500 correct replies
children: 10 replies
END

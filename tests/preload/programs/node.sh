#!/usr/bin/env bash
# node: libuv's event loop and thread pool, worker threads, child processes.
source "$(dirname "$0")/common.sh" "$@"
need node

run node -e 'console.log(6 * 7)' >answer
assert_output answer <<<42

run node "$HERE/node_program.mjs" >output
check_reported_threads output 9
assert_output output <<'END'
timers: 100 in order
files: 20 files
pbkdf2: 8 keys, 120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b
workers: 4 workers, sum 198
atomics: woken
http: 100 correct replies
sockets: 1000000 bytes
children: 5 replies
dns: 127.0.0.1
END

#!/usr/bin/env bash
# curl: files over HTTP, ten at once, by address and by name; and an address where nobody listens.
source "$(dirname "$0")/common.sh" "$@"
need curl python3

listening() {
  port=$(sed -n 's/^.* port \([0-9]*\).*$/\1/p' server.log) && [[ -n $port ]]
}

mkdir site
for number in {1..10}; do head -c "$((number * 300000))" /dev/urandom >"site/$number"; done
start_native server python3 -u "$HERE/python_server.py" http site
wait_ready "$PID" listening
url=http://127.0.0.1:$port

run curl -sS --fail -o one "$url/10"
assert_same_file "one file" site/10 one
# A name makes curl resolve it in a thread of its own.
run curl -4 -sS --fail -o named "http://localhost:$port/9"
assert_same_file "a file from a host with a name" site/9 named

mkdir parallel
run curl -sS --fail --no-progress-meter -Z --parallel-max 10 -o 'parallel/#1' "$url/[1-10]"
for number in {1..10}; do
  assert_same_file "parallel transfer $number" "site/$number" "parallel/$number"
done

run curl -sS --fail "file://$TMP/site/1" >local
assert_same_file "a local file" site/1 local

status=0
run curl -sS --fail -o missing "$url/missing" 2>missing.log || status=$?
assert_equal "exit status for a missing page" 22 "$status"
status=0
run curl -sS "http://127.0.0.1:$(free_port)/" 2>refused.log || status=$?
assert_equal "exit status for a refused connection" 7 "$status"

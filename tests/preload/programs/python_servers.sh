#!/usr/bin/env bash
# CPython as a server with a thread per connection: socketserver with 200 clients at once, and
# http.server under ab and curl.
source "$(dirname "$0")/common.sh" "$@"
need python3 ab curl

# listening LOG: sets port from the line in which both servers say that they are ready.
listening() {
  port=$(sed -n 's/^.* port \([0-9]*\).*$/\1/p' "$1") && [[ -n $port ]]
}

start echo python3 -u "$HERE/python_server.py" echo
server=$PID
wait_ready "$server" listening echo.log
native python3 "$HERE/echo_clients.py" "$port" 200 "$server" >clients.log
assert_contains clients.log '^200 clients, 4000 echoes$'
check_reported_threads clients.log 200
stop "$server"
assert_equal "exit status of the echo server" 0 "$STATUS"
assert_contains echo.log '^served 200 clients$'

mkdir site
seq 20000 >site/page.txt
head -c 3000000 /dev/urandom >site/big.bin
start http python3 -u "$HERE/python_server.py" http site
server=$PID
wait_ready "$server" listening http.log
url=http://127.0.0.1:$port

native ab -q -n 2000 -c 50 "$url/page.txt" >ab.log 2>&1
assert_contains ab.log "^Document Length: +$(stat -c %s site/page.txt) bytes$"
assert_contains ab.log '^Complete requests: +2000$'
assert_contains ab.log '^Failed requests: +0$'
assert_contains ab.log "^HTML transferred: +$((2000 * $(stat -c %s site/page.txt))) bytes$"
for file in page.txt big.bin; do
  native curl -sS --fail -o "got_$file" "$url/$file"
  assert_same_file "$file over HTTP" "site/$file" "got_$file"
done
assert_equal "status of a missing page" 404 \
  "$(native curl -sS -o missing.html -w '%{http_code}' "$url/missing")"

# Fifty connections that say nothing: a thread each.
native python3 "$HERE/echo_clients.py" "$port" 50 "$server" --silent >silent.log
check_reported_threads silent.log 50
stop "$server"
assert_equal "exit status of the HTTP server" 0 "$STATUS"

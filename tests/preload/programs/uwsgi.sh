#!/usr/bin/env bash
# uwsgi with Python in two processes of eight threads each: bodies there and back, eight clients at
# once.
source "$(dirname "$0")/common.sh" "$@"
need uwsgi curl ab
describe uwsgi "bodies of 1 byte to 1 MB come back, 8 clients at once, from 2 processes with 8 threads each"

port=$(free_port)
cat >app.py <<'END'
import threading

lock = threading.Lock()
served = 0


def application(environ, start_response):
    global served
    body = environ["wsgi.input"].read()
    with lock:
        served += 1
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
END

serve() {
  "$1" "$2" uwsgi --plugin python3 --http-socket "127.0.0.1:$port" --wsgi-file "$TMP/app.py" --master \
    --processes 2 --threads 8 --die-on-term --need-app --disable-logging
  wait_ready "$PID" answers  # the port is open before there are workers
}

answers() {
  [[ $(native curl -sS -H 'Expect:' -d ready "http://127.0.0.1:$port/" 2>/dev/null) == ready ]]
}

bounce() {
  local size
  for size in 1 1000 70000 1000000; do
    head -c "$size" data | tr 'a-y' 'b-z' >"body-$1-$size"
    native curl -sS --fail -H 'Expect:' --data-binary "@body-$1-$size" -o "back-$1-$size" \
      "http://127.0.0.1:$port/"
    cmp "body-$1-$size" "back-$1-$size"
  done
}

_load() {
  native ab -q -n "$1" -c 16 -p body -T application/octet-stream "http://127.0.0.1:$port/" >ab.log 2>&1
}

head -c 1000000 /dev/urandom >data
head -c 1000 data >body
serve start uwsgi
at_once 8 bounce
requests=$((500 * LOAD))
measure "$requests" requests _load "$requests"
assert_contains ab.log '^Failed requests: +0$'
assert_kernel_threads "$(child_of "$PID")" 8
stop "$PID"
under_test=$STATUS
serve start_native uwsgi_native
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

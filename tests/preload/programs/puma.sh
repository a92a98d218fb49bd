#!/usr/bin/env bash
# puma, a server in ruby with a pool of sixteen threads: bodies there and back, clients at once.
source "$(dirname "$0")/common.sh" "$@"
need puma ruby curl ab
describe puma "bodies of 1 byte to 1 MB come back, 8 clients at once; 16 requests that sleep overlap"

port=$(free_port)
cat >config.ru <<'END'
require 'digest'
run lambda { |env|
  body = env['rack.input'].read
  sleep 0.3 if env['PATH_INFO'] == '/sleep'
  body = Digest::SHA256.hexdigest(body) if env['PATH_INFO'] == '/digest'
  [200, { 'Content-Type' => 'application/octet-stream' }, [body]]
}
END

serve() {
  "$1" "$2" puma -b "tcp://127.0.0.1:$port" -t 16:16 -e production config.ru
  wait_ready "$PID" port_open "$port"
}

bounce() {
  local size
  for size in 1 1000 70000 1000000; do
    head -c "$size" data | tr 'a-y' 'b-z' >"body-$1-$size"
    native curl -sS --fail --data-binary "@body-$1-$size" -o "back-$1-$size" "http://127.0.0.1:$port/"
    cmp "body-$1-$size" "back-$1-$size"
    native curl -sS --fail --data-binary "@body-$1-$size" -o "digest-$1" "http://127.0.0.1:$port/digest"
    assert_equal digest "$(sha256sum <"body-$1-$size" | cut -d ' ' -f 1)" "$(cat "digest-$1")"
  done
}

nap() {
  native curl -sS --fail -d "$1" -o "nap-$1" "http://127.0.0.1:$port/sleep"
  assert_equal body "$1" "$(cat "nap-$1")"
}

_load() {
  native ab -q -k -n "$1" -c 16 -p body -T application/octet-stream "http://127.0.0.1:$port/digest" >ab.log 2>&1
}

head -c 1000000 /dev/urandom >data
head -c 1000 data >body
serve start puma
at_once 8 bounce
begin=${EPOCHREALTIME/./}
at_once 16 nap
took=$((${EPOCHREALTIME/./} - begin))
((took < 16 * 300000 - 1)) || fail "sixteen naps of 0.3 s took $took us"
requests=$((500 * LOAD))
measure "$requests" requests _load "$requests"
assert_contains ab.log '^Failed requests: +0$'
assert_kernel_threads "$PID" 18
stop "$PID"
under_test=$STATUS
serve start_native puma_native
answered "http://127.0.0.1:$port"
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

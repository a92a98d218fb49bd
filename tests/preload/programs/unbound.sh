#!/usr/bin/env bash
# unbound with four threads: 800 names over UDP and TCP, asked by eight clients at once, and how
# it ends. The answers are those of a native server.
source "$(dirname "$0")/common.sh" "$@"
need unbound dig python3
describe unbound "answers for 800 names over UDP and TCP, 8 clients at once, as natively"

port=$(free_port)
names=$((800 * LOAD))
{
  cat <<END
server:
  num-threads: 4
  interface: 127.0.0.1@$port
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "$TMP"
  pidfile: "$TMP/unbound.pid"
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  so-reuseport: no
  local-zone: "example." static
END
  for ((number = 1; number <= names; number++)); do
    echo "  local-data: \"name-$number.example. 60 IN A 10.1.$((number / 256)).$((number % 256))\""
  done
  echo "remote-control:"
  echo "  control-enable: no"
} >unbound.conf

# ask START: all names, of eight clients at once; addresses begin with START.
ask() {
  native python3 "$HERE/dns_client.py" "$port" example 8 "$names" "$1"
}

answers() {
  native dig @127.0.0.1 -p "$port" +tries=1 +time=1 name-1.example A >/dev/null
}

start unbound unbound -d -p -c "$TMP/unbound.conf"
server=$PID
wait_ready "$server" answers
measure "$names" queries ask 10.1
native dig @127.0.0.1 -p "$port" missing.example A >missing
assert_contains missing 'status: NXDOMAIN'
report threads "$(kernel_threads "$server")"
stop "$server"
under_test=$STATUS
start_native unbound_native unbound -d -p -c "$TMP/unbound.conf"
wait_ready "$PID" answers
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

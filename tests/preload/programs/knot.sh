#!/usr/bin/env bash
# knotd, an authoritative name server with userspace RCU and pools of threads: 800 names over UDP and
# TCP, eight clients at once, the whole zone by AXFR, a new zone after SIGHUP.
source "$(dirname "$0")/common.sh" "$@"
need knotd dig python3
describe knotd "answers for 800 names over UDP and TCP, 8 clients at once, a zone transfer, a new zone after SIGHUP"

port=$(free_port)
names=$((800 * LOAD))
mkdir -p storage run
zone() {
  local number
  echo "example. 60 SOA ns.example. admin.example. $1 3600 600 86400 60"
  echo "example. 60 NS ns.example."
  echo "ns.example. 60 A 127.0.0.1"
  for ((number = 1; number <= names; number++)); do
    echo "name-$number.example. 60 A 10.$1.$((number / 256)).$((number % 256))"
  done
}
zone 1 >storage/example.zone
cat >knot.conf <<END
server:
  rundir: $TMP/run
  listen: 127.0.0.1@$port
  udp-workers: 4
  tcp-workers: 4
  background-workers: 2
log:
  - target: stderr
    any: info
database:
  storage: $TMP/storage
acl:
  - id: all
    address: 127.0.0.1
    action: transfer
zone:
  - domain: example
    storage: $TMP/storage
    file: example.zone
    acl: all
    zonefile-load: whole
    journal-content: none
END

answers() {
  [[ $(native dig @127.0.0.1 -p "$port" +short +tries=1 +time=1 name-1.example A) == "10.$1."* ]]
}

serve() {
  "$1" "$2" knotd -c "$TMP/knot.conf"
  wait_ready "$PID" answers "$3"
}

# ask START: all names, of eight clients at once; addresses begin with START.
ask() {
  native python3 "$HERE/dns_client.py" "$port" example 8 "$names" "$1"
}

serve start knot 1
server=$PID
measure "$names" queries ask 10.1
native dig @127.0.0.1 -p "$port" example AXFR >axfr
assert_same_file "the zone" <(zone 1 | sed -n 's/^name-.* A //p' | sort) <(awk '$1 ~ /^name-/ { print $5 }' axfr | sort)
zone 2 >storage/example.zone
kill -HUP "$server"
wait_until 20 "the new zone is there" answers 2
ask 10.2
assert_kernel_threads "$server" 10
stop "$server"
under_test=$STATUS
serve start_native knot_native 2
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

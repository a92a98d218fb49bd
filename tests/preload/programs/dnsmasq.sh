#!/usr/bin/env bash
# dnsmasq: 800 names over UDP and TCP (it forks for TCP), asked by eight clients at once; SIGHUP
# makes it read its names again.
source "$(dirname "$0")/common.sh" "$@"
need dnsmasq dig python3
describe dnsmasq "answers for 800 names over UDP and TCP, 8 clients at once, again after SIGHUP"

port=$(free_port)
names=$((800 * LOAD))
names() {
  local number
  for ((number = 1; number <= names; number++)); do
    echo "10.$1.$((number / 256)).$((number % 256)) name-$number.test"
  done
}
names 1 >hosts
chmod 755 "$TMP"

serve() {
  "$1" "$2" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --port="$port" \
    --listen-address=127.0.0.1 --bind-interfaces --addn-hosts="$TMP/hosts" --pid-file="$TMP/pid" \
    --user="$(id -un)" --log-facility=-
  wait_ready "$PID" answers name-1.test 10
}

# answers NAME START
answers() {
  [[ $(native dig @127.0.0.1 -p "$port" +short +tries=1 +time=1 "$1" A) == "$2"* ]]
}

# ask START: all names, of eight clients at once; addresses begin with START.
ask() {
  native python3 "$HERE/dns_client.py" "$port" test 8 "$names" "$1"
}

serve start dnsmasq
measure "$names" queries ask 10.1
names 2 >hosts
kill -HUP "$PID"
wait_until 20 "it has read its names again" answers name-1.test 10.2.
ask 10.2
report threads "$(kernel_threads "$PID")"
stop "$PID"
under_test=$STATUS
serve start_native dnsmasq_native
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

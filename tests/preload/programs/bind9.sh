#!/usr/bin/env bash
# named, with a loop of libuv per thread: 800 names over UDP and TCP, eight clients at once, and a
# zone transfer.
source "$(dirname "$0")/common.sh" "$@"
need named dig python3
describe named "answers for 800 names over UDP and TCP, 8 clients at once, and a zone transfer"

port=$(free_port)
names=$((800 * LOAD))
addresses() {
  local number
  for ((number = 1; number <= names; number++)); do
    echo "10.1.$((number / 256)).$((number % 256))"
  done
}
{
  echo '$TTL 60'
  echo '@ SOA ns.example. admin.example. 1 3600 600 86400 60'
  echo '@ NS ns'
  echo 'ns A 127.0.0.1'
  addresses | awk '{ print "name-" NR " A " $1 }'
} >zone
cat >named.conf <<END
options {
  directory "$TMP"; pid-file "$TMP/pid"; session-keyfile "$TMP/session.key"; managed-keys-directory "$TMP";
  listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; allow-transfer { any; }; minimal-responses yes; dnssec-validation no; notify no;
};
controls {};
zone "example" { type primary; file "$TMP/zone"; };
END

answers() {
  [[ $(native dig @127.0.0.1 -p "$port" +short +tries=1 +time=1 name-1.example A) == 10.1.0.1 ]]
}

serve() {
  "$1" "$2" named -n 4 -f -g -c "$TMP/named.conf"
  wait_ready "$PID" answers
}

serve start named
server=$PID
measure "$names" queries native python3 "$HERE/dns_client.py" "$port" example 8 "$names" 10.1
native dig @127.0.0.1 -p "$port" example AXFR >axfr
assert_same_file "the zone" <(addresses | sort) <(awk '$1 ~ /^name-/ { print $5 }' axfr | sort)
assert_kernel_threads "$server" 8
stop "$server"
under_test=$STATUS
serve start_native named_native
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

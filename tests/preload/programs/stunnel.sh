#!/usr/bin/env bash
# stunnel, a thread per connection, at both ends of TLS in front of an echo server of socat, which
# forks: 2 MB there and back in eight connections at once. Certificates are openssl's.
source "$(dirname "$0")/common.sh" "$@"
need openssl stunnel4 socat python3
describe stunnel4 "8 connections at once, 2 MB each through TLS and back; exit status as natively"

run openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost \
  2>request.log
head -c 2000000 /dev/urandom >data
echo_port=$(free_port) tls=$(free_port) port=$(free_port)

start socat socat -t 20 "TCP-LISTEN:$echo_port,bind=127.0.0.1,reuseaddr,fork" EXEC:cat
echo_server=$PID
wait_ready "$echo_server" port_open "$echo_port"
cat >server.conf <<END
foreground = yes
pid =
[echo]
accept = 127.0.0.1:$tls
connect = 127.0.0.1:$echo_port
cert = $TMP/cert
key = $TMP/key
END
cat >client.conf <<END
foreground = yes
pid =
[echo]
client = yes
accept = 127.0.0.1:$port
connect = 127.0.0.1:$tls
CAfile = $TMP/cert
verifyChain = yes
END

# serve START NAME
serve() {
  "$1" "$2-server" stunnel4 server.conf
  server=$PID
  "$1" "$2-client" stunnel4 client.conf
  client=$PID
  wait_ready "$server" port_open "$tls"
  wait_ready "$client" port_open "$port"
}

# echoed CLIENT: what comes back is what was sent.
echoed() {
  native socat -t 20 - "TCP:127.0.0.1:$port" <data >"echo-$1"
  cmp data "echo-$1"
}


# hold: eight connections that stay open; each has a thread at both ends.
hold() {
  local number line
  for number in {1..8}; do
    exec {held[number]}<>"/dev/tcp/127.0.0.1/$port"
    echo "line $number" >&"${held[number]}"
    read -r line <&"${held[number]}"
    assert_equal "a line that comes back" "line $number" "$line"
  done
}

let_go() {
  local number
  for number in {1..8}; do exec {held[number]}>&-; done
}

serve start stunnel
measure $((2 * 8 * 2)) MB at_once 8 echoed
hold
assert_kernel_threads "$server" 8
let_go
stop "$client"
stop "$server"
under_test=$STATUS
serve start_native stunnel_native
echoed native
stop "$client"
stop "$server"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"
stop "$echo_server"
assert_equal "exit status of socat after SIGTERM" 143 "$STATUS"

#!/usr/bin/env bash
# mosquitto and its clients: 2,000 messages of four publishers, each at a quality of service of its
# own, reach four subscribers whole and in order; what is retained is found by a native server.
source "$(dirname "$0")/common.sh" "$@"
need mosquitto mosquitto_pub mosquitto_sub
describe mosquitto "2,000 messages of 4 publishers at 4 subscribers, in order; 1 MB in one message; retained ones after a restart"

port=$(free_port)
cat >mosquitto.conf <<END
listener $port 127.0.0.1
allow_anonymous true
persistence true
persistence_location $TMP/
max_queued_messages 0
log_type all
$( ((EUID != 0)) || echo 'user root')
END

serve() {
  "$1" "$2" mosquitto -c "$TMP/mosquitto.conf"
  wait_ready "$PID" port_open "$port"
}

# The client's side is under test for every second one.
by() {
  (($1 % 2)) && echo native || echo run
}

messages() {
  local number
  for ((number = 1; number <= 500; number++)); do
    printf 'message %d of %d %0*d\n' "$number" "$1" $((number * 7 % 900 + 1)) 0
  done
}

# exchange CLIENT: 500 messages of its topic, published when the server has said that there is a
# subscriber.
exchange() {
  local qos=$(($1 % 3))
  "$(by "$1")" mosquitto_sub -p "$port" -q "$qos" -t "topic/$1" -C 500 >"got-$1" &
  wait_until 20 "it has subscribed" grep -q " topic/$1\$" mosquitto.log
  messages "$1" | "$(by "$1")" mosquitto_pub -p "$port" -q "$qos" -t "topic/$1" -l
  wait "$!"
  cmp <(messages "$1") "got-$1"
}

serve start mosquitto
measure 2000 messages at_once 4 exchange
head -c 1000000 /dev/urandom >data
run mosquitto_pub -p "$port" -q 1 -r -t retained -f data
run mosquitto_sub -p "$port" -t retained -C 1 -N >got
assert_same_file "a big message" data got
report threads "$(kernel_threads "$PID")"
stop "$PID"
under_test=$STATUS
serve start_native mosquitto_native
native mosquitto_sub -p "$port" -t retained -C 1 -N >got_native
assert_same_file "a retained message" data got_native
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

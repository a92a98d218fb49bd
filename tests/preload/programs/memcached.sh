#!/usr/bin/env bash
# memcached with four worker threads (libevent): every byte of its text protocol, 50 clients at
# once, and the end by SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/memcached_server.sh"
need python3

MEMCACHED_PORT_FILENAME=$TMP/port start memcached memcached "${options[@]}"
server=$PID
wait_ready "$server" listening "$TMP/port"

native python3 "$HERE/memcached_client.py" "$port" 1 >client.log
assert_contains client.log '^protocol: 13 checks$'
native python3 "$HERE/memcached_client.py" "$port" 50 >client.log
assert_contains client.log '^load: 50 clients, 10000 operations$'
assert_kernel_threads "$server" 9
stop "$server"
under_test=$STATUS

MEMCACHED_PORT_FILENAME=$TMP/port_native start_native memcached_native memcached "${options[@]}"
wait_ready "$PID" listening "$TMP/port_native"
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

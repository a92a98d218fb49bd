#!/usr/bin/env bash
# The sample patched_echo_server: 50 clients at once get back what they send, from one kernel thread.
source "$(dirname "$0")/clients.sh" "$@"

start_native echo "$SAMPLES/patched_echo_server"
server=$PID
listens() { grep -q '^listening on ' echo.log; }
wait_ready "$server" listens
native python3 - "$(sed -n 's/^listening on .*://p' echo.log)" <<'END'
import socket, sys
clients = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(50)]
for round in range(20):
    sent = [bytes([number + round]) * (number * 40 + 1) for number in range(len(clients))]
    for client, data in zip(clients, sent):
        client.sendall(data)
    for client, data in zip(clients, sent):
        assert client.recv(len(data), socket.MSG_WAITALL) == data
END
assert_kernel_threads "$server" 1
stop "$server"

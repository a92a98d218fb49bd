#!/usr/bin/env bash
# A hundred threads wait for a MariaDB server for a second each, through its C library: all of them
# together take one second.
source "$(dirname "$0")/issue.sh" "$@"
source "$HERE/servers.sh"
need gcc

compile c23_mariadb_sleep -lmariadb
serve_mariadb
run ./c23_mariadb_sleep "$SOCKET" >output
check_reported_threads output 101
stop "$PID"

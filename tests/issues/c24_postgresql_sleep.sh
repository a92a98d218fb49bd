#!/usr/bin/env bash
# A hundred threads wait for a PostgreSQL server for a second each, through libpq: all of them
# together take one second.
source "$(dirname "$0")/issue.sh" "$@"
source "$HERE/servers.sh"
need gcc

compile c24_postgresql_sleep -lpq
serve_postgres
run ./c24_postgresql_sleep "$CONNINFO" >output
check_reported_threads output 101
kill -INT "$PID" # a fast shutdown
reap "$PID"

#!/usr/bin/env bash
# A hundred threads wait for a PostgreSQL server for a second each, through libpq: all of them
# together take one second.
source "$(dirname "$0")/issue.sh" "$@"
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
PATH=$PATH:$bin
need gcc initdb postgres pg_isready setpriv

as_user=()
if ((EUID == 0)); then # it refuses to be root
  as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  chmod 755 "$TMP"
  mkdir data
  chown postgres data
fi
port=$(free_port)

answers() {
  native pg_isready -q -h 127.0.0.1 -p "$port"
}

compile c24_postgresql_sleep -lpq
native "${as_user[@]}" initdb -D data -U tester -A trust --no-sync -E UTF8 >initdb.log 2>&1
start_native postgres "${as_user[@]}" "$bin/postgres" -D "$TMP/data" -p "$port" -h 127.0.0.1 -k '' \
  -c fsync=off -c shared_buffers=16MB -c max_connections=120
wait_ready "$PID" answers
run ./c24_postgresql_sleep "host=127.0.0.1 port=$port user=tester dbname=postgres sslmode=disable" >output
check_reported_threads output 101
kill -INT "$PID" # a fast shutdown
reap "$PID"

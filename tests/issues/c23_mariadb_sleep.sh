#!/usr/bin/env bash
# A hundred threads wait for a MariaDB server for a second each, through its C library: all of them
# together take one second.
source "$(dirname "$0")/issue.sh" "$@"
need gcc mariadbd mariadb-install-db mariadb-admin

data=$TMP/data
socket=$TMP/socket
as_user=()
((EUID != 0)) || as_user=(--user=root) # it refuses to be root by accident

answers() {
  native mariadb-admin --no-defaults --user=root --socket="$socket" ping &>/dev/null
}

compile c23_mariadb_sleep -lmariadb
# Two servers that begin at once take each other's temporary tables, if they share a folder for them.
native mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$data" --tmpdir="$TMP" \
  --auth-root-authentication-method=normal --skip-test-db >install.log 2>&1
start_native mariadbd mariadbd --no-defaults "${as_user[@]}" --datadir="$data" --socket="$socket" \
  --tmpdir="$TMP" --pid-file="$TMP/pid" --skip-networking --max-connections=120 --innodb-buffer-pool-size=16M \
  --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=2 --skip-log-bin
wait_ready "$PID" answers
run ./c23_mariadb_sleep "$socket" >output
check_reported_threads output 101
stop "$PID"

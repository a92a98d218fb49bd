#!/usr/bin/env bash
# PostgreSQL's server, a process per connection with shared memory and semaphores, and pgbench with
# four threads: transactions that keep the books balanced, data as natively, the end by SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
PATH=$PATH:$bin
need initdb postgres pgbench psql setpriv
describe postgres "8 clients' transactions balance, NOTIFY, cancelled statements, parallel queries, a native server checks the data; pgbench -j 4 and psql under test"

# It refuses to be root.
as_user=()
if ((EUID == 0)); then
  as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  chmod 755 "$TMP"
  mkdir data && chown postgres data
fi
port=$(free_port)
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=tester PGDATABASE=postgres
# The runner of the server, which setpriv executes.
serve() {
  "$1" "$2" "${as_user[@]}" "$bin/postgres" -D "$TMP/data" -p "$port" -h 127.0.0.1 -k '' \
    -c fsync=off -c shared_buffers=16MB -c max_connections=40
  wait_ready "$PID" answers
}

answers() {
  native pg_isready -q
}

sql() {
  native psql -X -At -v ON_ERROR_STOP=1 "$@"
}

sums() {
  sql -c "SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(bbalance) FROM pgbench_branches),
                 (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(delta) FROM pgbench_history),
                 (SELECT count(*) FROM pgbench_history)"
}

balanced() {
  sums >"$1"
  assert_equal "different sums" 1 "$(tr '|' '\n' <"$1" | head -n 4 | sort -u | wc -l)"
  assert_equal "transactions" $((transactions + 400)) "$(cut -d '|' -f 5 "$1")"
}

native "${as_user[@]}" initdb -D data -U tester -A trust --no-sync -E UTF8 >initdb.log
serve start postgres
server=$PID
native pgbench -i -q -s 1 >init.log 2>&1
transactions=$((8 * 100 * LOAD))
measure "$transactions" transactions native pgbench -n -c 8 -j 4 -t $((transactions / 8)) >pgbench.log
# The load generator itself is a program with threads.
run pgbench -n -c 8 -j 4 -t 50 >pgbench_under_test.log
assert_contains pgbench_under_test.log '^number of transactions actually processed: 400/400$'
balanced sums
run psql -X -At -c "SET max_parallel_workers_per_gather = 4; SET parallel_setup_cost = 0;
  SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
  SELECT count(*), sum(aid::bigint) FROM pgbench_accounts" >parallel
assert_output parallel <<END
SET
SET
SET
SET
100000|5000050000
END
status=0
sql -c "SET statement_timeout = 200; SELECT pg_sleep(30)" >cancelled.log 2>&1 || status=$?
assert_equal "exit status of a cancelled statement" 1 "$status"
assert_contains cancelled.log 'canceling statement due to statement timeout'
run psql -X -At <<<"LISTEN channel; NOTIFY channel, 'hello'; SELECT 1;" >notified
assert_contains notified '"hello" received'
report threads "$(kernel_threads "$server")"
stop "$server"
assert_equal "exit status after SIGTERM" 0 "$STATUS"
assert_contains postgres.log 'database system is shut down'
! grep -E 'PANIC|FATAL|terminated by signal' postgres.log | grep -v 'is starting up' ||
  fail "errors of postgres"

serve start_native postgres_native
balanced native_sums
assert_same_file "the data as a native server reads them" sums native_sums
stop "$PID"

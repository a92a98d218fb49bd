#!/usr/bin/env bash
# mariadbd: a thread per connection, background threads and asynchronous file I/O. Ten clients fill
# a table, 50 clients send 20,000 queries, then it shuts down; a native server checks what is left.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/mariadb_server.sh"
need mariadb-check mariadb-slap python3

over_tcp=(--no-defaults --user=tester --password=secret --protocol=tcp --host=127.0.0.1
  --port="$port")

shut_down() {
  native mariadb-admin "${over_socket[@]}" shutdown
  reap "$1"
  assert_equal "exit status of mariadbd" 0 "$STATUS"
  assert_contains "$2" 'Shutdown complete'
  ! grep -E '\[ERROR\]|InnoDB: Assertion|signal [0-9]+' "$2" >&2 || fail "errors in $2"
}

# rows CLIENT: the 1,000 rows of one client, as the table is to contain them.
rows() {
  seq $(($1 * 1000)) $(($1 * 1000 + 999)) | awk '{print $1 "\trow-" $1 * 7919}'
}

insert_rows() {
  rows "$1" | awk '{print "INSERT INTO known VALUES (" $1 ", \047" $2 "\047);"}' |
    native mariadb "${over_tcp[@]}" test_data
}

fill_table() {
  local client clients=()
  sql -e "CREATE DATABASE test_data; CREATE USER tester@'127.0.0.1' IDENTIFIED BY 'secret';
          GRANT ALL ON *.* TO tester@'127.0.0.1'; USE test_data;
          CREATE TABLE known (id INT PRIMARY KEY, body VARCHAR(40), KEY (body)) ENGINE=InnoDB"
  for client in {0..9}; do
    insert_rows "$client" >"insert-$client.log" 2>&1 &
    clients+=("$!")
    STARTED[$!]=insert-$client
  done
  for client in "${clients[@]}"; do
    reap "$client"
    assert_equal "exit status of an inserting client" 0 "$STATUS"
  done
}

check_table() {
  sql -e "SELECT id, body FROM test_data.known ORDER BY id" >known
  assert_same_file "the 10,000 rows" expected_rows known
}

# slap CLIENTS QUERIES PREFIX: inserts and selects of many clients; PREFIX is `native` or `run`.
slap() {
  "$3" mariadb-slap "${over_tcp[@]}" --create-schema=slap --auto-generate-sql \
    --auto-generate-sql-load-type=mixed --concurrency="$1" --number-of-queries="$2"
}

# While 50 clients are at work: the most kernel threads that the server has had.
slap_and_count_threads() {
  local pid=$1 slap_pid now most=0
  slap 50 20000 native >slap.log 2>&1 &
  slap_pid=$!
  STARTED[$slap_pid]=slap
  until ended "$slap_pid"; do
    now=$(kernel_threads "$pid")
    ((now <= most)) || most=$now
    sleep 0.02
  done
  reap "$slap_pid"
  assert_equal "exit status of mariadb-slap" 0 "$STATUS"
  assert_contains slap.log 'Number of clients running queries: 50$'
  assert_contains slap.log 'Average number of queries per client: 400$'
  # Threads that wait for the disk hold a worker each, and so cost a spare.
  MAX_KERNEL_THREADS=$((MAX_KERNEL_THREADS + 8)) check_kernel_threads "$most" 50
}

for client in {0..9}; do rows "$client"; done >expected_rows
make_data

start mariadbd mariadbd "${server_options[@]}"
server=$PID
wait_ready "$server" answers
fill_table
check_table
slap_and_count_threads "$server"
check_table
# A statement that waits is interrupted by another connection, and locks end with their holder.
sql -e "SELECT SLEEP(30)" >sleep.log 2>&1 &
STARTED[$!]=sleeping_client
sleeper=$!
sleeping() {
  query=$(sql -e "SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(30)'") &&
    [[ -n $query ]]
}
wait_until 20 "the server sleeps" sleeping
sql -e "KILL QUERY $query"
reap "$sleeper"
shut_down "$server" mariadbd.log

start_native mariadbd_native mariadbd "${server_options[@]}"
wait_ready "$PID" answers
check_table
native mariadb-check "${over_socket[@]}" --all-databases >check.log 2>&1
assert_contains check.log '^test_data.known +OK$'
! grep -vE ' +OK$|^mysql\.(general_log|slow_log)|The storage engine .* check' check.log >&2 ||
  fail "tables that are not OK"
# The load generator itself is a program with threads, too.
slap 20 2000 run >slap_under_test.log 2>&1
assert_contains slap_under_test.log 'Number of clients running queries: 20$'
shut_down "$PID" mariadbd_native.log

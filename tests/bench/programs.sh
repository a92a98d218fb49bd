#!/usr/bin/env bash
# Load on one of the servers of tests/preload/programs, for scripts/bench:
#
#   programs.sh mariadbd|memcached|apache2 CLIENTS SECONDS SERVER_CPU CLIENT_CPU LOAD [RUNNER...]
#
# LOAD is weft_load. Prints "requests_per_s: N" and "server_cpu_us: N", of a request.
set -u
name=$1 clients=$2 seconds=$3 server_cpu=$4 client_cpu=$5 load=$6
shift 6
export PROGRAM_TIMEOUT=${PROGRAM_TIMEOUT:-110}
source "$(cd "$(dirname "$0")/../preload/programs" && pwd)/common.sh" taskset -c "$server_cpu" "$@"
SCRIPT=$(cd "$OLDPWD" && readlink -f "$0")

# client COMMAND...: on its CPU.
client() {
  native taskset -c "$client_cpu" "$@"
}

# cpu_us PID...: CPU time that they have had.
cpu_us() {
  local pid
  for pid in "$@"; do sed 's/.*) //' "/proc/$pid/stat"; done |
    awk -v ticks="$(getconf CLK_TCK)" '{ sum += $12 + $13 }
      END { printf "%.0f", sum / ticks * 1e6 }'
}

# print_result REQUESTS SECONDS CPU_US
print_result() {
  awk -v n="$1" -v s="$2" -v cpu="$3" \
    'BEGIN { printf "requests_per_s: %.1f\nserver_cpu_us: %.3f\n", n / s, cpu / n }'
}

# Queries by key: as many as take about so long.
load_mariadbd() {
  source "$HERE/mariadb_server.sh"
  need mysqlslap
  local queries before passed
  queries=$(awk -v s="$seconds" 'BEGIN { printf "%.0f", 40000 * s }')
  make_data
  start mariadbd mariadbd "${server_options[@]}" --max-connections=1000 --back-log=1000
  wait_ready "$PID" answers
  before=$(cpu_us "$PID")
  client mysqlslap "${over_socket[@]}" --create-schema=slap --auto-generate-sql \
    --auto-generate-sql-add-autoincrement --auto-generate-sql-load-type=key \
    --concurrency="$clients" --number-of-queries="$queries" >slap.log 2>&1
  passed=$(sed -n 's/.*Average number of seconds to run all queries: \([0-9.]*\) .*/\1/p' slap.log)
  assert_contains slap.log "Number of clients running queries: $clients\$"
  print_result "$queries" "$passed" $(($(cpu_us "$PID") - before))
}

load_memcached() {
  source "$HERE/memcached_server.sh"
  MEMCACHED_PORT_FILENAME=$TMP/port start memcached memcached "${options[@]}"
  wait_ready "$PID" listening "$TMP/port"
  client "$load" --protocol memcached --port "$port" --connections "$clients" --seconds "$seconds" \
    --pid "$PID" | grep -E '^(requests_per_s|server_cpu_us): '
}

# A small file, by a worker with a thread for each connection.
load_apache2() {
  need wrk
  source "$HERE/http.sh"
  source "$HERE/apache_server.sh"
  serve start worker
  local before child whole_seconds
  child=$(child_of "$PID")
  whole_seconds=$(awk -v s="$seconds" 'BEGIN { printf "%d", s < 1 ? 1 : s }')
  before=$(cpu_us "$PID" "$child")
  client wrk -t 1 -c "$clients" -d "${whole_seconds}s" "http://127.0.0.1:$port/small-20" >wrk.log
  ! grep -E 'Socket errors|Non-2xx' wrk.log >&2 || fail "wrong replies"
  # Its duration is what it was told, and a bit.
  print_result "$(awk '/requests in/ { print $1 }' wrk.log)" \
    "$(awk '/requests in/ { sub(/s,/, "", $4); print $4 }' wrk.log)" \
    $(($(cpu_us "$PID" "$child") - before))
}

"load_$name"

#!/usr/bin/env bash
# redis-server with an append-only file, also with I/O threads, which spin; and redis-benchmark with
# four threads. Replies and the digest of all keys are those of a native server; what it saved is
# read by a native one.
source "$(dirname "$0")/common.sh" "$@"
need redis-server redis-cli redis-benchmark
describe redis-server "replies, 20,000 keys of 4 clients and the digest of all as natively; blocked clients; what BGSAVE and the log hold, read by a native server; I/O threads"

cli() {
  native redis-cli -p "$port" "$@"
}

# serve START DIRECTORY OPTION...: a server on its own port, started by START.
serve() {
  local start=$1 directory=$2
  shift 2
  port=$(free_port)
  mkdir -p "$directory"
  "$start" redis-"$directory" redis-server --port "$port" --bind 127.0.0.1 --dir "$TMP/$directory" \
    --appendonly yes --save '' --enable-debug-command yes "$@"
  wait_ready "$PID" answers
}

answers() {
  [[ $(cli PING 2>/dev/null) == PONG ]]
}

# fill CLIENT: 5,000 keys with values of 1 to 3,000 bytes.
fill() {
  awk -v client="$1" 'BEGIN {
    value = sprintf("%3000s", ""); gsub(/ /, "v", value)
    for (n = 1; n <= 5000; n++)
      printf "SET key-%d-%d %d%s\r\n", client, n, n, substr(value, 1, n * 7919 % 3000 % (n % 10 ? 100 : 3000))
  }' | native redis-cli -p "$port" --pipe
}


blocked() {
  [[ $(cli --raw INFO clients | tr -d '\r' | sed -n 's/^blocked_clients://p') == "$1" ]]
}

session() {
  at_once 4 fill
  cli <<'END'
DBSIZE
DEBUG DIGEST
GET key-3-4990
APPEND key-1-1 more
INCR counter
INCRBY counter 41
LPUSH numbers 1 2 3
LRANGE numbers 0 -1
LPUSH numbers
MULTI
SET in-transaction 1
EXEC
EVAL "return redis.call('GET', KEYS[1])" 1 key-1-1
ZADD sorted 1 one 2 two 3 three
ZRANGE sorted 0 -1 WITHSCORES
UNLINK key-2-5000
DEBUG DIGEST
END
}

serve start one
server=$PID
session >answers
for client in 1 2 3; do
  cli --raw BLPOP list 20 >"element-$client" &
  STARTED[$!]=waiting-$client
done
wait_until 20 "three clients are blocked" blocked 3
cli RPUSH list a b c >/dev/null
for pid in "${!STARTED[@]}"; do
  [[ ${STARTED[$pid]} != waiting-* ]] || reap "$pid"
done
assert_equal "the elements" "a b c list list list" \
  "$(sort element-[123] | tr '\n' ' ' | sed 's/ $//')"
requests=$((10000 * LOAD))
measure $((requests * 2)) requests native redis-benchmark -p "$port" -n "$requests" -c 50 \
  --threads 4 -t set,get -q >benchmark.log
assert_contains benchmark.log 'GET: [0-9.]+ requests per second'
assert_kernel_threads "$server" 5
cli BGSAVE >/dev/null
saved() { cli --raw INFO persistence | grep -q '^rdb_bgsave_in_progress:0' && [[ -s one/dump.rdb ]]; }
wait_until 20 "the background save is done" saved
cli DEL key:__rand_int__ >/dev/null
digest=$(cli DEBUG DIGEST)
stop "$server"
under_test=$STATUS

serve start_native two
session >native_answers
assert_same_file "the replies" native_answers answers
# The load generator itself is a program with threads, too.
run redis-benchmark -p "$port" -n 2000 -c 20 --threads 4 -t set,get,lpush -q >benchmark_under_test.log
assert_contains benchmark_under_test.log 'LPUSH: [0-9.]+ requests per second'
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

serve start_native one
assert_equal "the data as a native server reads them" "$digest" "$(cli DEBUG DIGEST)"
stop "$PID"

# Enough clients at once that the I/O threads are at work.
serve start spinning --io-threads 2 --io-threads-do-reads yes
at_once 4 fill
native redis-benchmark -p "$port" -n 200 -c 20 -t set,get -q >benchmark.log
assert_contains benchmark.log 'GET: [0-9.]+ requests per second'
assert_equal "the keys" 20001 "$(cli --raw DBSIZE)"
stop "$PID"
assert_equal "exit status after SIGTERM, with I/O threads" "$under_test" "$STATUS"

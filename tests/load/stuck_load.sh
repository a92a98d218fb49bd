#!/bin/bash
# A server with 1,000 connections answers in time while one of its threads is stuck.
#
#   stuck_load.sh WEFT_LOAD STUCK_SERVER HOW [RUNNER...]
#
# The load is paced, and latency counts from when a request was due (weft_load --rate): asked as
# fast as it answers, a server's latency is its number of connections divided by its speed.
set -euo pipefail
# shellcheck source=tests/load/server.sh
source "$(dirname "$0")/server.sh"

load=$1 server=$2 how=$3
shift 3
readonly kConnections=1000
readonly kRequestsPerSecond=3000
readonly kSeconds=5 # of load
readonly kStuckFor=30 # seconds after the server's start; it is killed before
readonly kMaxP99=20000 # microseconds
readonly kMaxThreads=16 # of the kernel, under weft

# Whole numbers are enough.
number_of() { sed -n "s/^$1: \([0-9]*\).*/\1/p" "$scratch/report"; }

allow_descriptors "$kConnections"
mkfifo "$scratch/trigger"
exec 3<>"$scratch/trigger" # so that neither end has to wait for the other to open it
start_server "$scratch/trigger" "$@" "$server" "$how" "$kStuckFor"
"$load" --port "$port" --connections "$kConnections" --rate "$kRequestsPerSecond" \
  --seconds "$kSeconds" --pid "$pid" >"$scratch/report" &
load_pid=$!

# When all connections are there, or when the load has failed to make them.
until (($(find "/proc/$pid/fd" -type l | wc -l) >= kConnections)); do
  kill -0 "$load_pid" 2>/dev/null || break
  sleep 0.05 # between two looks at the condition
done
echo >&3
status=0
wait "$load_pid" || status=$?
cat "$scratch/report"
((status == 0)) || fail "weft_load found errors"

grep -q "^stuck: $how$" "$scratch/out" || fail "no thread has got stuck"
! grep -q "^free again" "$scratch/out" || fail "the stuck thread was free before the load ended"
p99=$(number_of p99_us) requests=$(number_of requests) threads=$(number_of threads)
((requests >= kSeconds * kRequestsPerSecond)) || fail "only $requests requests"
((p99 < kMaxP99)) || fail "the 99th percentile is $p99 us, not below $kMaxP99"
(($# == 0 || threads <= kMaxThreads)) || fail "$threads kernel threads under $*"

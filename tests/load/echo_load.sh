#!/bin/bash
# Loads the sample echo server and fails on any wrong byte, error, or too many kernel threads.
#
#   echo_load.sh WEFT_LOAD ECHO_THREADS CONNECTIONS SECONDS [RUNNER...]
set -euo pipefail

load=$1 server=$2 connections=$3 seconds=$4
shift 4
readonly kMaxKernelThreads=16 # workers, monitor, a few spares: far below a thread per connection

# Each of the two processes needs a descriptor per connection.
needed=$((connections + 256))
if (($(ulimit -n) < needed)) && ! ulimit -n "$needed" 2>/dev/null; then
  echo "echo_load: $connections connections need ulimit -n $needed" >&2
  exit 1
fi

scratch=$(mktemp -d)
pid=
: >"$scratch/out" # sed may look before the server has opened it
cleanup() {
  if [[ -n $pid ]]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$scratch"
}
trap cleanup EXIT

"$@" "$server" 0 >"$scratch/out" 2>"$scratch/err" &
pid=$!
for ((i = 0; i < 200; i++)); do
  port=$(sed -n 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$scratch/out")
  [[ -n $port ]] && break
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.05 # between two looks at the condition
done
if [[ -z $port ]]; then
  echo "echo_load: the server did not start" >&2
  cat "$scratch/err" >&2
  exit 1
fi

status=0
"$load" --port "$port" --connections "$connections" --seconds "$seconds" --pid "$pid" \
  | tee "$scratch/report" || status=$?
threads=$(sed -n 's/^threads: //p' "$scratch/report")
if (($# > 0 && threads > kMaxKernelThreads)); then
  echo "echo_load: $threads kernel threads under $*, at most $kMaxKernelThreads expected" >&2
  status=1
fi
if (($# == 0 && threads <= connections)); then
  echo "echo_load: only $threads kernel threads natively: is this the server we think it is?" >&2
  status=1
fi
((status == 0)) || cat "$scratch/err" >&2
exit "$status"

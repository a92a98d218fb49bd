#!/bin/bash
# Loads the sample echo server and fails on any wrong byte, error, or too many kernel threads.
#
#   echo_load.sh WEFT_LOAD ECHO_THREADS CONNECTIONS SECONDS [RUNNER...]
set -euo pipefail
# shellcheck source=tests/load/server.sh
source "$(dirname "$0")/server.sh"

load=$1 server=$2 connections=$3 seconds=$4
shift 4
readonly kMaxKernelThreads=16 # workers, monitor, a few spares: far below a thread per connection

allow_descriptors "$connections"
start_server /dev/null "$@" "$server" 0

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

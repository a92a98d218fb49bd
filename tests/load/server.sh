# What the load tests share: a server that they start, and always end.
#
#     source "$(dirname "$0")/server.sh"
#     allow_descriptors CONNECTIONS
#     start_server INPUT COMMAND...     sets `pid` and `port`; it prints to $scratch/out and /err
# shellcheck shell=bash disable=SC2034  # port is for those who source this

scratch=$(mktemp -d)
pid=
port=
: >"$scratch/out" # sed may look before the server has opened it

end_server() {
  if [[ -n $pid ]]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$scratch"
}
trap end_server EXIT

fail() {
  echo "FAILED: $*" >&2
  cat "$scratch/out" "$scratch/err" >&2
  exit 1
}

# Each of the two processes needs a descriptor per connection.
allow_descriptors() {
  local needed=$(($1 + 256))
  if (($(ulimit -n) < needed)) && ! ulimit -n "$needed" 2>/dev/null; then
    echo "$1 connections need ulimit -n $needed" >&2
    exit 1
  fi
}

start_server() {
  local input=$1 i
  shift
  "$@" <"$input" >"$scratch/out" 2>"$scratch/err" &
  pid=$!
  for ((i = 0; i < 200; i++)); do
    port=$(sed -n 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$scratch/out")
    [[ -z $port ]] || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05 # between two looks at the condition
  done
  fail "the server did not start"
}

# What every program test shares: the runner, a private folder, processes that are always ended, and
# the assertions. First line of a test:
#
#     source "$(dirname "$0")/common.sh" "$@"
#
# The arguments of a test are the RUNNER, a command prefix such as `build/release/bin/weft run`.
# Without one the test runs the program natively, which proves the expectations themselves.
# PROGRAM_TIMEOUT (seconds) bounds the test as a whole: a program that hangs is a failure with logs.
# PROGRAM_LOAD multiplies the load, and PROGRAM_REPORT names a file for what scripts/programs puts
# into its table: see `describe` and `measure`.
# shellcheck shell=bash disable=SC2034  # STATUS is for those who source this

set -Eeuo pipefail

RUNNER=("$@")
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SCRIPT=$HERE/$(basename "$0")
TMP=$(mktemp -d "${TMPDIR:-/tmp}/program.XXXXXX")
PROGRAM_TIMEOUT=${PROGRAM_TIMEOUT:-60}
LOAD=${PROGRAM_LOAD:-1}
declare -A STARTED=()  # pid -> name, of each process to end

# One worker, unless the caller tests several: the bound on kernel threads below counts on it.
export WEFT_WORKERS=${WEFT_WORKERS:-1}
# The workers, a monitor, and spare workers: each fiber that holds a worker for too long costs one,
# on a busy machine also one that was only preempted. Fewer than any of these programs has natively.
MAX_KERNEL_THREADS=${MAX_KERNEL_THREADS:-$((WEFT_WORKERS + 7))}

# Debian's programs rather than a version manager's shims, which are shell scripts.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# No start-up files, no proxies and no translations of whoever runs the test.
export HOME=$TMP LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY PYTHONHOME PYTHONPATH
cd "$TMP"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# need PROGRAM...: a missing program is a failure, since scripts/test installs packages.txt.
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null ||
      fail "'$program' is not installed; install the packages listed in $HERE/packages.txt"
  done
}

seconds_left() {
  local left=$((PROGRAM_TIMEOUT - SECONDS))
  echo $((left > 1 ? left : 1))
}

# native COMMAND...: runs it without the runner, for at most the rest of the test's time.
native() {
  local status=0
  timeout -k 5 "$(seconds_left)" "$@" || status=$?
  # 124: ended by SIGTERM; 137: only by SIGKILL.
  ((status != 124 && status != 137)) || echo "FAILED: out of time: $*" >&2
  return "$status"
}

# run COMMAND...: the same under the runner.
run() {
  native "${RUNNER[@]}" "$@"
}

# start NAME COMMAND...: starts a server under the runner, output in NAME.log, pid in PID.
start() {
  local name=$1
  shift
  "${RUNNER[@]}" "$@" >"$TMP/$name.log" 2>&1 </dev/null &
  PID=$!
  STARTED[$PID]=$name
}

# start_native NAME COMMAND...: starts a server that is not under test.
start_native() {
  local RUNNER=()
  start "$@"
}

# A process that has ended stays a zombie, and so keeps its pid, until reap() waits for it.
ended() {
  local state
  state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
  [[ $state == Z || -z $state ]]
}

# wait_until SECONDS WHAT CONDITION...: polls until the command CONDITION succeeds.
wait_until() {
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < limit)) || fail "waited in vain until $what"
    sleep 0.02
  done
}

# wait_ready PID CONDITION...: waits for a started server, and fails at once when it ends instead.
wait_ready() {
  local pid=$1
  shift
  # shellcheck disable=SC2317  # called through wait_until
  _ready_or_ended() { ended "$pid" || "$@"; }
  wait_until "$(seconds_left)" "${STARTED[$pid]} is ready" _ready_or_ended "$@"
  ended "$pid" || return 0
  local name=${STARTED[$pid]}
  reap "$pid"
  fail "$name ended with status $STATUS instead of getting ready"
}

port_open() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
  python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# at_once COUNT COMMAND...: runs `COMMAND 1`, `COMMAND 2`... at the same time; all have to succeed.
at_once() {
  local count=$1 number pid pids=()
  shift
  for ((number = 1; number <= count; number++)); do
    "$@" "$number" >"$TMP/client-$number.log" 2>&1 </dev/null &
    pids+=("$!")
    STARTED[$!]="client $number of '$*'"
  done
  for pid in "${pids[@]}"; do
    local name=${STARTED[$pid]}
    reap "$pid"
    assert_equal "exit status of $name" 0 "$STATUS"
  done
}

# answered URL: a server that answers has done all that comes between its port and its main loop, such
# as setting its handlers.
answered() {
  native curl -sS -o /dev/null "$1"
}

# reap PID: waits until a started process has ended by itself; its status is in STATUS.
reap() {
  wait_until "$(seconds_left)" "${STARTED[$1]} has ended" ended "$1"
  STATUS=0
  wait "$1" || STATUS=$?
  unset "STARTED[$1]"
}

# stop PID: asks a started server to end; its status is in STATUS.
stop() {
  kill -TERM "$1"
  reap "$1"
}

assert_equal() {
  [[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

assert_same_file() {
  cmp "$2" "$3" >&2 || fail "$1: $2 and $3 differ"
}

assert_contains() {
  grep -qE -- "$2" "$1" || {
    cat "$1" >&2
    fail "no line of the output matches '$2'"
  }
}

# report NAME VALUE: a line for scripts/programs.
report() {
  [[ -z ${PROGRAM_REPORT:-} ]] || printf '%s: %s\n' "$1" "$2" >>"$PROGRAM_REPORT"
}

# describe PROGRAM CHECKED: what is under test, and what the test compares.
describe() {
  local file package
  [[ -n ${PROGRAM_REPORT:-} ]] || return 0
  file=$(readlink -f "$(command -v "$1")")
  # Packages may name the file as it was before /bin became a link to /usr/bin.
  package=$({ dpkg-query -S "${file#/usr}" "$file" 2>/dev/null || true; } | sed -n '1s/:.*//p')
  report program "$1"
  report version "$(dpkg-query -W -f '${Version}' "$package")"
  report checked "$2"
}

# measure AMOUNT UNIT COMMAND...: runs it, and reports how much of it was done in a second.
measure() {
  local amount=$1 unit=$2 begin=$EPOCHREALTIME
  shift 2
  "$@"
  report rate "$(awk -v n="$amount" -v a="$begin" -v b="$EPOCHREALTIME" \
    'BEGIN { printf "%.1f", n / (b - a) }')"
  report unit "$unit/s"
}

# child_of PID: the newest child of a server that forks.
child_of() {
  pgrep -n -P "$1" || fail "process $1 has no child"
}

kernel_threads() {
  sed -n 's/^Threads:[[:space:]]*//p' "/proc/$1/status"
}

# check_kernel_threads COUNT NATIVE_MINIMUM: proves that the program's threads were fibers; natively
# that it had the threads which the proof is about. It means nothing for programs whose threads all
# compute, since each of them rightly gets a kernel thread.
check_kernel_threads() {
  [[ $1 =~ ^[0-9]+$ ]] || fail "no count of kernel threads: '$1'"
  report threads "$1"
  if ((${#RUNNER[@]})); then
    (($1 <= MAX_KERNEL_THREADS)) ||
      fail "$1 kernel threads under '${RUNNER[*]}', at most $MAX_KERNEL_THREADS expected"
  else
    (($1 >= $2)) || fail "$1 kernel threads natively, at least $2 expected"
  fi
}

# assert_kernel_threads PID NATIVE_MINIMUM: the same for a process that is running now.
assert_kernel_threads() {
  check_kernel_threads "$(kernel_threads "$1")" "$2"
}

# check_reported_threads FILE NATIVE_MINIMUM: the same for a program that printed its own count.
check_reported_threads() {
  check_kernel_threads "$(sed -n 's/^kernel threads: //p' "$1")" "$2"
}

# assert_output FILE: FILE, but for its count of kernel threads, is what stdin says.
assert_output() {
  cat >"$TMP/expected.output"
  sed '/^kernel threads: /d' "$1" >"$TMP/actual.output"
  diff -u "$TMP/expected.output" "$TMP/actual.output" >&2 || fail "unexpected output"
}

_end() {
  kill -TERM "$1" 2>/dev/null
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    ended "$1" && break
    sleep 0.02
  done
  kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

_report() {
  local pid log
  for pid in "${!STARTED[@]}"; do
    echo "--- ${STARTED[$pid]}, pid $pid:"
    grep -E '^(State|Threads|VmRSS):' "/proc/$pid/status" 2>/dev/null
  done
  for log in "$TMP"/*.log; do
    [[ -s $log ]] && echo "--- last lines of ${log##*/}:" && tail -n 30 "$log"
  done
}

# The line of the test itself, not that of the function here that noticed.
_say_where() {
  local line=${BASH_LINENO[-2]}
  echo "FAILED: ${SCRIPT##*/}:$line, status $1: $(sed -n "${line}s/^ *//p" "$SCRIPT")" >&2
}

_finish() {
  local status=$? pid
  trap - EXIT ERR
  trap '' INT TERM
  set +e
  ((status == 0)) || _report >&2
  for pid in "${!STARTED[@]}"; do _end "$pid"; done
  cd / && rm -rf "$TMP"
  exit "$status"
}
trap _finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap '_say_where $?' ERR

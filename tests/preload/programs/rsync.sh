#!/usr/bin/env bash
# rsync as a daemon, which forks for each connection: trees there and back by four clients at once,
# and changes of big files as differences.
source "$(dirname "$0")/common.sh" "$@"
need rsync
describe rsync "a tree of 100 files and 8 MB, its changes and deletions, 4 clients at once, daemon and clients under test"

port=$(free_port)
cat >rsyncd.conf <<END
port = $port
address = 127.0.0.1
use chroot = no
munge symlinks = no
$( ((EUID != 0)) || printf 'uid = root\ngid = root\n')
pid file = $TMP/rsyncd.pid
[data]
  path = $TMP/data
  read only = no
END
mkdir -p tree/inner data
for number in {1..100}; do head -c $((number * 700)) /dev/urandom >"tree/inner/$number"; done
head -c 4000000 /dev/urandom >tree/big
ln -s inner/1 tree/link

serve() {
  "$1" "$2" rsync --daemon --no-detach --config="$TMP/rsyncd.conf"
  wait_ready "$PID" port_open "$port"
}

# exchange CLIENT: up, changed, up again with deletions, and down.
exchange() {
  local tree=tree-$1 module=rsync://127.0.0.1:$port/data/$1
  cp -a tree "$tree"
  run rsync -a "$tree/" "$module"
  diff -r "$tree" "data/$1"
  { printf 'changed %s' "$1"; tail -c +1000 tree/big; } >"$tree/big"
  rm "$tree/inner/5"
  run rsync -a -c --no-whole-file --delete "$tree/" "$module"
  diff -r "$tree" "data/$1"
  native rsync -a -z "$module/" "down-$1"
  diff -r "$tree" "down-$1"
}

serve start rsync
measure $((4 * 3 * 7)) MB at_once 4 exchange
report threads "$(kernel_threads "$PID")"
stop "$PID"
under_test=$STATUS
serve start_native rsync_native
native rsync "rsync://127.0.0.1:$port/" >modules
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

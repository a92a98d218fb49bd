#!/usr/bin/env bash
# apache2 with each of its three ways to serve: threads that wait for events, a thread for each
# connection, a process for each. Every byte of big and small files, reload by SIGUSR1, SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/http.sh"
source "$HERE/apache_server.sh"
describe apache2 "28 files of 0 to 3 MB, ranges, 4 clients at once, with mpm_event, mpm_worker and mpm_prefork, after a reload, too"

reloaded() {
  [[ $(grep -c 'resuming normal operations' "$1.log") == 2 ]] && port_open "$port"
}

for mpm in event worker prefork; do
  serve start "$mpm"
  server=$PID
  check_site site "http://127.0.0.1:$port"
  if [[ $mpm == event ]]; then
    load_site "http://127.0.0.1:$port"
  fi
  if [[ $mpm == worker ]]; then
    assert_kernel_threads "$(child_of "$server")" 50
    kill -USR1 "$server"
    wait_until 20 "it has reloaded" reloaded "$mpm"
    fetch_site site "http://127.0.0.1:$port" 1
  fi
  stop_idle "$server" # mpm_event may crash when it ends with connections, natively, too
  under_test=$STATUS
  assert_contains "$mpm.log" 'caught SIGTERM, shutting down'
  ! grep -E 'exit signal|:(error|crit|alert|emerg)\]' "$mpm.log" || fail "errors of apache2"
done

serve start_native prefork
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

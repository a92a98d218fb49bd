#!/usr/bin/env bash
# apache2 with each of its three ways to serve: threads that wait for events, a thread for each
# connection, a process for each. Every byte of big and small files, reload by SIGUSR1, SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/http.sh"
need apache2
describe apache2 "28 files of 0 to 3 MB, ranges, 4 clients at once, with mpm_event, mpm_worker and mpm_prefork, after a reload, too"

make_site site
chmod 711 "$TMP"
modules=/usr/lib/apache2/modules

# configuration MPM: one child, with 50 threads if it has any.
configuration() {
  cat <<END
ServerRoot $TMP
PidFile $TMP/$1.pid
ErrorLog $TMP/$1.log
ServerName localhost
Listen 127.0.0.1:$port
$( ((EUID != 0)) || printf 'User www-data\nGroup www-data\n')
LoadModule mpm_$1_module $modules/mod_mpm_$1.so
LoadModule authz_core_module $modules/mod_authz_core.so
DefaultRuntimeDir $TMP
GracefulShutdownTimeout 3
$(case $1 in
    prefork) printf 'StartServers 4\n' ;;
    *) printf 'StartServers 1\nServerLimit 1\nThreadLimit 50\nThreadsPerChild 50\nMaxRequestWorkers 50\nMinSpareThreads 1\n' ;;
  esac)
DocumentRoot $TMP/site
<Directory $TMP/site>
  Require all granted
</Directory>
END
}

# It has its handlers by then; before, SIGTERM just kills it.
is_up() {
  grep -q 'resuming normal operations' "$1.log" 2>/dev/null && port_open "$port"
}

# serve START MPM
serve() {
  rm -f "$2.log"
  port=$(free_port)
  configuration "$2" >"$2.conf"
  "$1" "apache2-$2" apache2 -d "$TMP" -f "$TMP/$2.conf" -DNO_DETACH
  wait_ready "$PID" is_up "$2"
}

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
  stop "$server"
  under_test=$STATUS
  assert_contains "$mpm.log" 'caught SIGTERM, shutting down'
  ! grep -E 'exit signal|:(error|crit|alert|emerg)\]' "$mpm.log" || fail "errors of apache2"
done

serve start_native prefork
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

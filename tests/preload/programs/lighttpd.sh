#!/usr/bin/env bash
# lighttpd: every byte of big and small files, and the end by SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/http.sh"
need lighttpd
describe lighttpd "28 files of 0 to 3 MB, ranges, 4 clients at once"

port=$(free_port)
make_site site
cat >lighttpd.conf <<END
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$TMP/site"
server.errorlog = "$TMP/error.log"
END

serve() {
  "$1" "$2" lighttpd -D -f "$TMP/lighttpd.conf"
  wait_ready "$PID" port_open "$port"
}

# It ends with 1 while it has a connection, and hears of a client's close only a moment later.
stop_idle() {
  wait_ready "$PID" has_only_its_listener
  stop "$PID"
}
has_only_its_listener() { (($(find "/proc/$PID/fd" -lname 'socket:*' | wc -l) == 1)); }

serve start lighttpd
check_site site "http://127.0.0.1:$port"
load_site "http://127.0.0.1:$port"
report threads "$(kernel_threads "$PID")"
stop_idle
under_test=$STATUS
serve start_native lighttpd_native
answered "http://127.0.0.1:$port"
stop_idle
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

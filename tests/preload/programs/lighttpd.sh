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

serve start lighttpd
check_site site "http://127.0.0.1:$port"
load_site "http://127.0.0.1:$port"
report threads "$(kernel_threads "$PID")"
stop_idle "$PID" # it ends with 1 while it has a connection
under_test=$STATUS
serve start_native lighttpd_native
answered "http://127.0.0.1:$port"
stop_idle "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

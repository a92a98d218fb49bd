#!/usr/bin/env bash
# haproxy with four threads in front of two servers: every byte of big and small files, and how it
# ends after SIGUSR1 (softly) and SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/http.sh"
need haproxy nginx
describe haproxy "28 files of 0 to 3 MB, ranges, over HTTP and TCP in front of two servers, 4 clients at once"

make_site site
chmod 711 "$TMP"
first=$(free_port) second=$(free_port) port=$(free_port) tcp=$(free_port)
cat >nginx.conf <<END
$( ((EUID != 0)) || echo 'user root;')
daemon off;
pid $TMP/nginx.pid;
error_log $TMP/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $TMP/body; proxy_temp_path $TMP/proxy; fastcgi_temp_path $TMP/fastcgi;
  uwsgi_temp_path $TMP/uwsgi; scgi_temp_path $TMP/scgi;
  server { listen 127.0.0.1:$first; listen 127.0.0.1:$second; root $TMP/site; }
}
END
start_native nginx nginx -c "$TMP/nginx.conf" -e "$TMP/error.log"
wait_ready "$PID" port_open "$first"

cat >haproxy.cfg <<END
global
  nbthread 4
  stats socket $TMP/stats
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
listen http
  bind 127.0.0.1:$port
  balance roundrobin
  server first 127.0.0.1:$first check inter 200
  server second 127.0.0.1:$second check inter 200
listen tcp
  mode tcp
  bind 127.0.0.1:$tcp
  server second 127.0.0.1:$second
END

serve() {
  "$1" "$2" haproxy -db -f "$TMP/haproxy.cfg"
  wait_ready "$PID" port_open "$port"
}

serve start haproxy
check_site site "http://127.0.0.1:$port"
check_site site "http://127.0.0.1:$tcp"
load_site "http://127.0.0.1:$port"
report threads "$(kernel_threads "$PID")"
kill -USR1 "$PID"
reap "$PID"
softly=$STATUS
serve start haproxy_again
stop "$PID"
under_test=$STATUS

serve start_native haproxy_native
answered "http://127.0.0.1:$port"
kill -USR1 "$PID"
reap "$PID"
assert_equal "exit status after SIGUSR1" "$STATUS" "$softly"
serve start_native haproxy_native_again
answered "http://127.0.0.1:$port"
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

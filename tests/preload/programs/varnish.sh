#!/usr/bin/env bash
# varnishd, a cache with hundreds of threads: every byte of big and small files, first through it and
# then from it, purged between.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/http.sh"
need varnishd nginx gcc
describe varnishd "28 files of 0 to 3 MB, ranges, 4 clients at once, through the cache and from it without the server behind it"

make_site site
chmod 711 "$TMP"
behind=$(free_port) port=$(free_port)
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
  server { listen 127.0.0.1:$behind; root $TMP/site; }
}
END
start_native nginx nginx -c "$TMP/nginx.conf" -e "$TMP/error.log"
behind_pid=$PID
wait_ready "$behind_pid" port_open "$behind"
cat >site.vcl <<END
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "$behind"; }
sub vcl_backend_response { set beresp.ttl = 1h; }
END

serve() {
  "$1" "$2" varnishd -F -j none -a "127.0.0.1:$port" -f "$TMP/site.vcl" -n "$TMP/$2" -s malloc,64m \
    -p thread_pool_min=50 -p thread_pools=2 -p vsl_space=4M
  wait_ready "$PID" port_open "$port"
}

serve start varnish
server=$PID
check_site site "http://127.0.0.1:$port"
child=$(child_of "$server")
assert_kernel_threads "$child" 100
native curl -sS -o missing "http://127.0.0.1:$port/missing"
stop "$behind_pid"
check_site site "http://127.0.0.1:$port"
load_site "http://127.0.0.1:$port"
stop "$server"
under_test=$STATUS
! grep -E 'Panic|died|Assert' varnish.log || fail "errors of varnishd"
serve start_native varnish_native
answered "http://127.0.0.1:$port"
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

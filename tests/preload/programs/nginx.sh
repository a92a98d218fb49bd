#!/usr/bin/env bash
# nginx: two worker processes with a pool of threads for files; as a proxy, too. Every byte of big
# and small files, reload by SIGHUP, end by SIGQUIT and SIGTERM.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/http.sh"
need nginx
describe nginx "28 files of 0 to 3 MB, ranges, through a proxy and before and after a reload, 4 clients at once"

port=$(free_port)
make_site site
chmod 711 "$TMP"
cat >nginx.conf <<END
$( ((EUID != 0)) || echo 'user root;')
worker_processes 2;
daemon off;
pid $TMP/nginx.pid;
error_log $TMP/error.log;
thread_pool files threads=8;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path $TMP/body; proxy_temp_path $TMP/proxy; fastcgi_temp_path $TMP/fastcgi;
  uwsgi_temp_path $TMP/uwsgi; scgi_temp_path $TMP/scgi;
  server {
    listen 127.0.0.1:$port;
    location / { root $TMP/site; aio threads=files; }
    location /proxy/ { proxy_pass http://127.0.0.1:$port/; }
  }
}
END

start nginx nginx -c "$TMP/nginx.conf" -e "$TMP/error.log"
server=$PID
wait_ready "$server" port_open "$port"
check_site site "http://127.0.0.1:$port"
check_site site "http://127.0.0.1:$port/proxy"
load_site "http://127.0.0.1:$port"
worker=$(child_of "$server")
assert_kernel_threads "$worker" 9
kill -HUP "$server"
wait_until 20 "the old worker has ended" ended "$worker"
check_site site "http://127.0.0.1:$port"
kill -QUIT "$server"
reap "$server"
assert_equal "exit status after SIGQUIT" 0 "$STATUS"
! grep -E '\[(alert|crit|emerg|error)\]' error.log | grep -v 'missing' || fail "errors of nginx"

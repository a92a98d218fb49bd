# servers.sh: servers of Debian's packages that are not under test, for tests of what talks to them. Each
# function starts one, natively, waits until it answers, and leaves its pid in PID. common.sh ends it.
# shellcheck shell=bash disable=SC2034  # the addresses are for those who source this

# serve_mariadb: SOCKET is where it listens; root needs no password.
serve_mariadb() {
  local as_user=()
  need mariadbd mariadb-install-db mariadb-admin
  ((EUID != 0)) || as_user=(--user=root) # it refuses to be root by accident
  SOCKET=$TMP/socket
  # Two servers that begin at once take each other's temporary tables, if they share a folder for them.
  native mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$TMP/data" --tmpdir="$TMP" \
    --auth-root-authentication-method=normal --skip-test-db >install.log 2>&1
  start_native mariadbd mariadbd --no-defaults "${as_user[@]}" --datadir="$TMP/data" --socket="$SOCKET" \
    --tmpdir="$TMP" --pid-file="$TMP/pid" --skip-networking --max-connections=250 --innodb-buffer-pool-size=16M \
    --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=2 --skip-log-bin
  wait_ready "$PID" native mariadb-admin --no-defaults --user=root --socket="$SOCKET" ping &>/dev/null
}

# serve_postgres: CONNINFO is how to connect to it. It ends by SIGINT at once, by SIGTERM when all have left.
serve_postgres() {
  local as_user=() bin port
  bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
  PATH=$PATH:$bin
  need initdb postgres pg_isready setpriv
  if ((EUID == 0)); then # it refuses to be root
    as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chmod 755 "$TMP"
    mkdir data
    chown postgres data
  fi
  port=$(free_port)
  CONNINFO="host=127.0.0.1 port=$port user=tester dbname=postgres sslmode=disable"
  native "${as_user[@]}" initdb -D data -U tester -A trust --no-sync -E UTF8 >initdb.log 2>&1
  start_native postgres "${as_user[@]}" "$bin/postgres" -D "$TMP/data" -p "$port" -h 127.0.0.1 -k '' \
    -c fsync=off -c shared_buffers=16MB -c max_connections=250
  wait_ready "$PID" native pg_isready -q -h 127.0.0.1 -p "$port"
}

# serve_redis: PORT is its port.
serve_redis() {
  need redis-server redis-cli
  PORT=$(free_port)
  start_native redis redis-server --port "$PORT" --bind 127.0.0.1 --dir "$TMP" --appendonly no --save ''
  wait_ready "$PID" native redis-cli -p "$PORT" PING &>/dev/null
}

# serve_nginx FOLDER: PORT is its port. Serves the files of the folder; /slow answers after 200 ms, by
# the echo module that nginx-light brings along.
serve_nginx() {
  need nginx curl
  PORT=$(free_port)
  chmod 711 "$TMP"
  cat >nginx.conf <<END
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
$( ((EUID != 0)) || echo 'user root;')
worker_processes 1;
daemon off;
pid $TMP/nginx.pid;
error_log $TMP/error.log;
events { worker_connections 512; }
http {
  access_log off;
  default_type text/html;
  client_body_temp_path $TMP/body; proxy_temp_path $TMP/proxy; fastcgi_temp_path $TMP/fastcgi;
  uwsgi_temp_path $TMP/uwsgi; scgi_temp_path $TMP/scgi;
  server {
    listen 127.0.0.1:$PORT;
    location / { root $1; }
    location /slow { echo_sleep 0.2; echo slow; }
    location /hang { echo_sleep 30; echo late; }
  }
}
END
  start_native nginx nginx -c "$TMP/nginx.conf" -e "$TMP/error.log"
  wait_ready "$PID" port_open "$PORT"
}

# apache_server.sh: an apache2 of one child, for its test and for scripts/bench. After http.sh.
# shellcheck shell=bash

need apache2

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

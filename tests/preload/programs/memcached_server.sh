# memcached_server.sh: a memcached with four worker threads, for its test and for scripts/bench.
# shellcheck shell=bash disable=SC2034

need memcached

# memcached chooses a free port itself and tells it by MEMCACHED_PORT_FILENAME.
options=(-t 4 -l 127.0.0.1 -p -1 -U 0 -m 64 -u "$(id -un)")

listening() {
  [[ -s $1 ]] && port=$(sed -n 's/^TCP INET: //p' "$1") && [[ -n $port ]]
}

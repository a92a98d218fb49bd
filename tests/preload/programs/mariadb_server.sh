# mariadb_server.sh: a mariadbd with data of its own, for its test and for scripts/bench.
# shellcheck shell=bash disable=SC2034

need mariadbd mariadb mariadb-install-db mariadb-admin

data=$TMP/data
socket=$TMP/socket
port=$(free_port)
as_user=()
((EUID != 0)) || as_user=(--user=root)  # it refuses to be root by accident

# The log is flushed once a second, so that the speed of the disk does not decide about the test.
server_options=(
  --no-defaults "${as_user[@]}" --datadir="$data" --socket="$socket" --pid-file="$TMP/pid"
  --bind-address=127.0.0.1 --port="$port" --skip-networking=0 --skip-name-resolve
  --max-connections=200 --innodb-buffer-pool-size=32M --innodb-log-file-size=16M
  --innodb-flush-log-at-trx-commit=2 --skip-log-bin
)
over_socket=(--no-defaults --user=root --socket="$socket")

make_data() {
  native mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$data" \
    --auth-root-authentication-method=normal --skip-test-db >install.log 2>&1
}

sql() {
  native mariadb "${over_socket[@]}" --batch --skip-column-names "$@"
}

answers() {
  native mariadb-admin "${over_socket[@]}" ping &>/dev/null
}

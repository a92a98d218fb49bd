#!/usr/bin/env bash
# psql (libpq): starts, reads its options, and reports servers that it can't reach.
source "$(dirname "$0")/common.sh" "$@"
need psql python3

run psql --version >version
assert_contains version '^psql \(PostgreSQL\) [0-9]+'
assert_equal "version" "$(native psql --version)" "$(cat version)"
run psql --help >help
assert_contains help '^ +-h, --host='

status=0
run psql -X -h 127.0.0.1 -p "$(free_port)" -U nobody -c 'select 1' >refused.log 2>&1 || status=$?
assert_equal "exit status for a refused connection" 2 "$status"
assert_contains refused.log 'Connection refused'
status=0
run psql -X -h "$TMP" -U nobody -c 'select 1' >socket.log 2>&1 || status=$?
assert_equal "exit status for a missing socket" 2 "$status"
assert_contains socket.log 'No such file or directory'

#!/usr/bin/env bash
# libpq against a server of its own.
source "$(dirname "$0")/clients.sh" "$@"

serve_postgres
run_tests "$CONNINFO"
run_sample postgres "$CONNINFO" <<END
at once
after 200 ms
after 400 ms
END
# The twentieth would be late.
run_sample database_fanout "$CONNINFO" 20 20000 <<END
20 shards have 190 together
END
kill -INT "$PID" # a fast shutdown
reap "$PID"

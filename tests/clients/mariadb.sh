#!/usr/bin/env bash
# libmariadb against a server of its own.
source "$(dirname "$0")/clients.sh" "$@"

serve_mariadb
run_tests "$SOCKET"
run_sample mariadb "$SOCKET" <<END
at once
after 200 ms
after 400 ms
END

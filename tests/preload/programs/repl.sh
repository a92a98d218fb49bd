#!/usr/bin/env bash
# Programs with a prompt, on a terminal: bc, a shell, python3 with a second thread.
source "$(dirname "$0")/common.sh" "$@"
need bc dash python3

native python3 "$HERE/repl.py" "${RUNNER[@]}" >output
assert_output output <<'END'
bc ended with 0
dash ended with 3
python3 ended with 0
END

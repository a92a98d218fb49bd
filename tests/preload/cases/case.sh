#!/bin/bash
# Runs a program and compares what it prints, and how it ends, with what is expected.
#
#   case.sh EXPECTED_FILE EXPECTED_STATUS COMMAND...
#
# A status above 128 is 128 + the number of the signal that ended the program.
# WEFT_CASE_STDERR: an extended regular expression that standard error must match.
set -u
expected_file=$1
expected_status=$2
shift 2
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
ulimit -c 0
output=$(timeout -s KILL 30 "$@" 2>"$errors")
status=$?
failed=0
if ! diff -u --label expected --label printed "$expected_file" <(printf '%s\n' "$output"); then failed=1; fi
if ((status != expected_status)); then
  echo "exit status $status, expected $expected_status"
  failed=1
fi
if [[ -n ${WEFT_CASE_STDERR:-} ]] && ! tr '\n' ' ' <"$errors" | grep -qE "$WEFT_CASE_STDERR"; then
  echo "standard error does not match: $WEFT_CASE_STDERR"
  failed=1
fi
if ((failed)); then
  echo "--- standard error"
  head -40 "$errors"
fi
exit "$failed"

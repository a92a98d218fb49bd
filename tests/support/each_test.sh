#!/bin/bash
# Runs every test of a conformance binary in a process of its own, and names those that fail or hang.
#
#   tests/support/each_test.sh [weft run] build/debug/bin/tests/io_test
set -u
command=("$@")
binary=""
for word in "$@"; do [[ -x $word && -z ${word##*_test*} ]] && binary=$word; done
[[ -n $binary ]] || { echo "usage: $0 [weft run] BINARY" >&2; exit 2; }
passed=0
failed=0
suite=""
while IFS= read -r line; do
  if [[ $line != " "* ]]; then suite=$line; continue; fi
  name=${line%%#*}
  name=$suite${name// /}
  if output=$(timeout -s KILL 25 "${command[@]}" --gtest_filter="$name" 2>&1); then
    passed=$((passed + 1))
  else
    status=$?
    failed=$((failed + 1))
    echo "FAILED ($status) $name"
    echo "$output" | grep -vE '^(Note:|\[(==|--|  PASSED|  FAILED| RUN))' | head -12 | sed 's/^/    /'
  fi
done < <("$binary" --gtest_list_tests 2>/dev/null | grep -v '^Running main')
echo "$(basename "$binary"): $passed passed, $failed failed"
((failed == 0))

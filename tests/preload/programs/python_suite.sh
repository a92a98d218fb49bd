#!/usr/bin/env bash
# CPython's own tests of its threads, sockets and processes, with the same outcome of each as natively,
# but for those in python_suite.known. The modules are in SUITE, and PART is which share of them to run:
#
#     SUITE=test_multiprocessing_fork PART=2/3 tests/preload/programs/python_suite.sh ...
#
# Natively only those run again that did not pass.
source "$(dirname "$0")/common.sh" "$@"
need python3

read -ra suite <<<"${SUITE:-test_thread test_threading_local test_queue test_sched test_threading}"
# Children that start another Python are part of what these tests are about.
export WEFT_FOLLOW=1

# not_passed OUTCOMES: the tests that did not, which includes those that did not even end.
not_passed() {
  awk '{ last[$2] = $1 } END { for (test in last) if (last[test] != "passed") print test }' "$1" |
    sort
}

status=0
run python3 "$HERE/python_suite.py" outcomes "${PART:-1/1}" "${suite[@]}" \
  >suite.log 2>&1 </dev/null || status=$?
[[ -s outcomes ]] || fail "no test was found, status $status"
# The first that was to run and has not ended.
unended() {
  awk '$1 == "planned" { order[++count] = $2; next }
    { ended[$2] = 1 }
    END { for (i = 1; i <= count && order[i] in ended; i++); print order[i] }' outcomes
}
((status != 124 && status != 137)) || fail "does not end: $(unended)"
not_passed outcomes >suspects

: >native_suspects
if [[ -s suspects ]]; then
  mapfile -t names < <(grep -v '(' suspects)
  native python3 "$HERE/python_suite.py" native_outcomes 1/1 "${names[@]}" \
    >native.log 2>&1 </dev/null || fail "the tests that did not pass do not end natively"
  not_passed native_outcomes >native_suspects
fi
comm -23 suspects native_suspects >failed

# Those listed, of this part, which do not fail natively.
awk '$1 == "planned" { print $2 }' outcomes | sort >planned
cut -d' ' -f1 "$HERE/python_suite.known" | sort | comm -12 - planned |
  comm -23 - native_suspects >known
((${#RUNNER[@]})) || : >known

echo "$(wc -l <planned) tests, $(wc -l <native_suspects) skipped or failed as natively," \
  "$(wc -l <failed) failed under the runner only"
comm -23 failed known >unexpected
comm -13 failed known >fixed
[[ ! -s unexpected ]] || fail "only under the runner: $(paste -sd' ' unexpected)"
[[ ! -s fixed ]] || fail "passed, but are in python_suite.known: $(paste -sd' ' fixed)"
[[ -s failed ]] || assert_equal "exit status of the suite" 0 "$status"

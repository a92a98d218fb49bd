#!/usr/bin/env bash
# Who starts under weft: the program alone, or with WEFT_FOLLOW=1 what it starts, too, as long as it
# hands its environment on. Neither sees weft in LD_PRELOAD without that, what else is preloaded stays,
# and with it nobody puts weft back where the environment was cleared on purpose.
source "$(dirname "$0")/issue.sh" "$@"
need env sh

# expect WEFT OTHER COMMAND...: its LD_PRELOAD names weft so often, and the other object so often.
expect() {
  local weft=$1 other=$2
  shift 2
  ((${#RUNNER[@]} > 0)) || weft=0
  LD_PRELOAD=$OTHER run "$@" >environment
  assert_equal "weft in LD_PRELOAD of $*" "$weft" \
    "$(grep -c '^LD_PRELOAD=.*libweft_preload' environment || true)"
  assert_equal "the other object in LD_PRELOAD of $*" "$other" \
    "$(grep -c '^LD_PRELOAD=.*libeatmydata' environment || true)"
}

OTHER=$(find /usr/lib -name libeatmydata.so | head -n 1)
[[ -n $OTHER ]] || fail "no libeatmydata.so; install the packages listed in packages.txt"
unset WEFT_FOLLOW
expect 0 1 env
expect 0 1 sh -c 'env; :'
expect 0 1 sh -c 'exec env'
expect 0 0 env -i env
export WEFT_FOLLOW=1
expect 1 1 env
expect 1 1 sh -c 'env; :'
expect 0 0 env -i env
expect 1 1 sh -c 'exec env'
expect 0 0 sh -c 'unset LD_PRELOAD; env; :'

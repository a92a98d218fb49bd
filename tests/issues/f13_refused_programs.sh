#!/usr/bin/env bash
# Programs into which nothing can be preloaded, linked statically or set-user-ID, are refused with the
# reason, and do not run; without the runner they do.
source "$(dirname "$0")/issue.sh" "$@"
need gcc

# expect_refused PROGRAM REASON
expect_refused() {
  local status=0
  run "$1" >output 2>error || status=$?
  if ((${#RUNNER[@]} == 0)); then
    assert_equal "status" 0 "$status"
    return
  fi
  assert_equal "status of a refused program" 126 "$status"
  assert_contains error "$2"
  assert_equal "output" "" "$(cat output)"
}

echo 'int puts(const char*); int main(void) { puts("runs"); return 0; }' >program.c
native gcc -static program.c -o static_program
native gcc program.c -o set_user_id_program
chmod 4755 set_user_id_program
expect_refused ./static_program 'linked statically'
expect_refused ./set_user_id_program 'set-user-ID'

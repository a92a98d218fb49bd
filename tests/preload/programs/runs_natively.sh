# check_runs_natively NAME PROGRAM...: the shared test of programs whose runtime makes its own
# threads and system calls: under weft, too, their threads stay kernel threads, which --verbose
# says. The output is left in the file `output`.
# shellcheck shell=bash

said_of_weft() {
  grep -cE "^weft: ${2:-}" "$1" || true
}

check_runs_natively() {
  local name=$1
  shift
  run "$@" >output 2>errors.log
  assert_equal "lines of weft without --verbose" 0 "$(said_of_weft errors.log)"
  ((${#RUNNER[@]})) || return 0
  run --verbose "$@" >verbose_output 2>verbose.log
  assert_same_file "the output with --verbose" output verbose_output
  assert_equal "lines that say so" 1 "$(said_of_weft verbose.log ".*$name.*native")"
}

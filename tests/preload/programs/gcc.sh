#!/usr/bin/env bash
# gcc: the driver and what it starts give the same code as natively, and the program that it made
# runs its threads as fibers.
source "$(dirname "$0")/common.sh" "$@"
need gcc

options=(-O2 -pthread -Wall -Werror)
run gcc "${options[@]}" "$HERE/gcc_program.c" -o program
run gcc "${options[@]}" -c "$HERE/gcc_program.c" -o program.o
native gcc "${options[@]}" -c "$HERE/gcc_program.c" -o native.o
assert_same_file "object file" native.o program.o

run ./program >output
check_reported_threads output 65
assert_output output <<<'64 threads, sum 2080, 6400 turns'
assert_equal "output natively" "64 threads, sum 2080, 6400 turns" "$(native ./program | tail -n 1)"

echo 'int main(void) { return }' >wrong.c
! run gcc "${options[@]}" wrong.c -o wrong 2>wrong.log || fail "compiled a wrong program"
assert_contains wrong.log 'wrong.c:1:[0-9]+: error: '

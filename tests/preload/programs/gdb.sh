#!/usr/bin/env bash
# gdb: starts, computes (also in its Python), and reads a program's symbols, in threads of its own.
source "$(dirname "$0")/common.sh" "$@"
need gdb gcc

run gdb --version >version
assert_contains version '^GNU gdb '
run gdb -nx -batch -ex 'print 6*7' >answer
assert_contains answer "^.1 = 42$"
run gdb -nx -batch -ex 'python print(sum(range(10)))' >answer
assert_output answer <<<45

cat >program.c <<'END'
struct point { int x; int y; };
struct point origin = {3, 4};
int main(void) {
  return origin.x;
}
END
native gcc -g -O0 program.c -o program
run gdb -nx -batch -ex 'print origin' -ex 'ptype struct point' -ex 'list main,+1' program >symbols
assert_output symbols <<'END'
$1 = {x = 3, y = 4}
type = struct point {
    int x;
    int y;
}
3	int main(void) {
4	  return origin.x;
END

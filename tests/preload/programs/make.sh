#!/usr/bin/env bash
# make -j4 with gcc, all of it under weft: a job server's pipe, children, and what they print.
source "$(dirname "$0")/common.sh" "$@"
need make gcc
describe make "-j4 builds 24 files and links them; output and objects as natively; a failing rule ends it with status 2"

export WEFT_FOLLOW=1
for number in {1..24}; do echo "int f$number(int x) { return x * $number; }" >"f$number.c"; done
{
  for number in {1..24}; do echo "int f$number(int);"; done
  printf '#include <stdio.h>\nint main(void) {\n  int sum = 0;\n'
  for number in {1..24}; do echo "  sum += f$number(1);"; done
  printf '  printf("%%d\\n", sum);\n  return 0;\n}\n'
} >main.c
cat >Makefile <<'END'
objects := $(patsubst %.c,%.o,$(wildcard *.c))
sum: $(objects)
	@gcc -o $@ $^
%.o: %.c
	@gcc -O1 -c -o $@ $<; echo built $@
clean:
	@rm -f sum *.o
fail: first-fails second
first-fails:
	@false
second:
	@echo second
END

measure 25 files run make -s -j4 sum >made
assert_equal "the sum" 300 "$(./sum)"
mkdir objects && mv ./*.o objects/
native make -s -j4 sum >made_native
for object in objects/*.o; do
  cmp "$object" "${object#objects/}" || fail "$object differs from what a native make makes"
done
assert_same_file "what was printed" <(sort made_native) <(sort made)
status=0
run make -s -j4 -k fail >failed 2>failed.log || status=$?
assert_equal "exit status of a failing rule" 2 "$status"
assert_equal "what -k does still" second "$(cat failed)"

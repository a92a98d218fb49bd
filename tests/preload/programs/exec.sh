#!/usr/bin/env bash
# What a process executes in its own place runs under weft as it does itself: programs that only
# prepare another one, and each of libc's calls. What its children execute does not.
source "$(dirname "$0")/common.sh" "$@"
need gcc bash perl python3 env nice nohup taskset stdbuf timeout unshare

threads=20
cat >count.py <<END
import os, threading
done = threading.Event()
for _ in range($threads):
    threading.Thread(target=done.wait).start()
print("kernel threads:", len(os.listdir("/proc/self/task")))
done.set()
END

# executes COMMAND...: it executes the program that its arguments name.
executes() {
  run "$@" python3 count.py >output
  check_reported_threads output $((threads + 1))
}
cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
executes env A=1
executes env -i WEFT_WORKERS="$WEFT_WORKERS"
executes nice
executes nohup
executes taskset -c "$cpu"
executes stdbuf -o L
# shellcheck disable=SC2016  # for that shell
executes sh -c 'exec "$@"' sh
# shellcheck disable=SC2016
executes bash -c 'exec -a name "$@"' bash
executes perl -e 'exec @ARGV'
executes python3 -c 'import os, sys; os.execvp(sys.argv[1], sys.argv[1:])'
executes env A=1 nice taskset -c "$cpu" perl -e 'exec @ARGV' stdbuf -o L

# has_threads_of_its_own COMMAND...: what its child executes does not run under weft.
has_threads_of_its_own() {
  "$@" python3 count.py >output
  local count
  count=$(sed -n 's/^kernel threads: //p' output)
  ((count > threads)) || fail "$count kernel threads of a child's program, more than $threads expected"
}
has_threads_of_its_own run timeout 30
# Where the child has the process id that its parent has.
namespace=(unshare --user --map-root-user --pid --fork)
if "${namespace[@]}" true 2>no_namespace.log; then
  has_threads_of_its_own native "${namespace[@]}" "${RUNNER[@]}" "${namespace[@]}"
fi

native gcc -D_GNU_SOURCE -Wno-nonnull -O1 -pthread "$HERE/../threads/exec.c" -o program
native gcc -shared -fPIC "$HERE/../cli/stub.c" -o libstub.so
stub=$TMP/libstub.so

# preloaded KIND: the preloaded objects of each program of that kind that the last `run` has executed.
preloaded() {
  awk -v kind="$1:" '$1 == kind {
    line = "preloaded:"
    for (i = 2; i <= NF; i++) if ($i ~ /^lib(weft_preload|stub)\.so$/) line = line " " $i
    print line
  }' objects.log | sort | uniq -c | sed 's/^ *//'
}

# expect KIND COUNT OBJECTS: so many programs of that kind had these, in this order.
expect() {
  assert_equal "programs, and what they had" "$2 preloaded:$3" "$(preloaded "$1")"
}

# Of LD_PRELOAD and of the calls. The last one hands over no environment.
weft=
((${#RUNNER[@]} == 0)) || weft=' libweft_preload.so'
steps=18
run ./program >output 2>objects.log
expect step $steps "$weft"
expect bare 1 "$weft"
LD_PRELOAD=$stub run ./program >output 2>objects.log
expect step $steps "$weft libstub.so"
expect bare 1 "$weft"
run ./program children >output 2>objects.log
expect child 9 ''
LD_PRELOAD=$stub run ./program children >output 2>objects.log
expect child 9 ' libstub.so'
LD_PRELOAD=$stub WEFT_FOLLOW=1 run ./program >output 2>objects.log
expect step $steps "$weft libstub.so"
expect bare 1 ''
LD_PRELOAD=$stub WEFT_FOLLOW=1 run ./program children >output 2>objects.log
expect child 9 "$weft libstub.so"

# The text: with WEFT_FOLLOW=1 the program that is executed leaves it as it is.
handed_on() {
  run env "$@" WEFT_FOLLOW=1 env >output
  sed -n 's/^LD_PRELOAD=//p' output
}
if ((${#RUNNER[@]})); then
  object=$(WEFT_FOLLOW=1 LD_PRELOAD='' run env | sed -n 's/^LD_PRELOAD=//p')
  assert_equal "alone" "$object" "$(handed_on)"
  assert_equal "where nothing is preloaded" "$object" "$(handed_on LD_PRELOAD=)"
  assert_equal "before others" "$object:$stub $stub" "$(handed_on LD_PRELOAD="$stub $stub")"
  assert_equal "not twice" "$stub $object" "$(handed_on LD_PRELOAD="$stub $object")"
  # It stays where it stood. The program is bounded by its own alarm().
  LD_PRELOAD="$stub $object" ./program >output 2>objects.log
  expect step $steps ' libstub.so libweft_preload.so'
fi

#!/bin/bash
# Runs a program natively and under a runner: both must print the same and end the same way. The
# native run is the oracle, so a program must print the same each time.
#
#   differential.sh PROGRAM [ARGUMENT...] -- RUNNER...
#
# Standard error is shown if they differ, and not compared.
set -u
program=()
while (($# > 0)) && [[ $1 != -- ]]; do
  program+=("$1")
  shift
done
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ulimit -c 0

# run NAME COMMAND...: output in NAME.out, the end's status in the last line of it.
run() {
  local name=$1 status=0
  shift
  (cd "$folder" && timeout -s KILL 60 "$@" >"$name.out" 2>"$name.err" </dev/null) || status=$?
  echo "status $status" >>"$folder/$name.out"
}

run native "${program[@]}"
if [[ $(wc -l <"$folder/native.out") -lt 2 ]] || grep -qx 'status \(124\|137\)' "$folder/native.out"; then
  echo "the native run printed nothing, or hung: nothing to compare with"
  cat "$folder/native.out" "$folder/native.err"
  exit 1
fi
run weft "$@" "${program[@]}"
diff -u --label native --label weft "$folder/native.out" "$folder/weft.out" && exit 0
echo "--- standard error, native"
head -20 "$folder/native.err"
echo "--- standard error, weft"
head -40 "$folder/weft.err"
exit 1

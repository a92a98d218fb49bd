#!/bin/bash
# Runs the ```cpp blocks of a page of the guide. What one prints must be what the ```text block right
# behind it says, if there is one.
#
#   snippets.sh GUIDE_SNIPPETS PAGE.md
set -u
program=$1 page=$2
name=$(basename "$page" .md)
status=0
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# NUMBER.cpp: the line of the page where it begins. NUMBER.expected: the text behind it.
awk -v folder="$temporary" '
  /^```cpp$/ { code = 1; output = folder "/" (++count) ".expected"; print FNR >(folder "/" count ".cpp"); next }
  /^```text$/ && behind { text = 1; printf "" >output; next }
  /^```$/ { behind = code; code = text = 0; next }
  text { print >output }
  /[^ ]/ { behind = 0 }
' "$page"

for ((number = 1; ; number++)); do
  [[ -e $temporary/$number.cpp ]] || break
  timeout 20 "$program" "$name" "$number" >"$temporary/output" 2>&1
  result=$?
  if ((result != 0)); then
    echo "$page:$(<"$temporary/$number.cpp"): ends with status $result, after"
    cat "$temporary/output"
    status=1
  elif [[ -e $temporary/$number.expected ]] &&
    ! diff -u "$temporary/$number.expected" "$temporary/output" >"$temporary/diff"; then
    echo "$page:$(<"$temporary/$number.cpp"): prints something else"
    cat "$temporary/diff"
    status=1
  fi
done
((number > 1)) || { echo "$page: no snippets"; exit 1; }
echo "$page: $((number - 1)) snippets"
exit "$status"

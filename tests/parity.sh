#!/bin/bash
# Holds docs/parity.md against the tests: each row of its tables that has a column "test" names at least
# one, and each that is named exists: ctest knows it, by itself or behind a prefix ("runtime."), or it is in the source of a
# program that ctest runs as a whole, and not in a comment or under #if 0. Nothing has two rows.
#
#   parity.sh SOURCE_FOLDER BUILD_FOLDER
set -u
folder=$1 build=$2
status=0
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
export LC_ALL=C

complain() {
  echo "docs/parity.md: $*"
  status=1
}

ctest --test-dir "$build" -N |
  sed -nE 's/^ +Test +#[0-9]+: (\w+[.])?(\S+)$/\2/p' >"$temporary/listed"
cp "$temporary/listed" "$temporary/known"

# The code of a source: without comments, and without what stands under #if 0.
code_of() {
  awk '
    depth { if (/^ *# *if/) depth++; if (/^ *# *endif/) depth--; next }
    /^ *# *if 0/ { depth = 1; next }
    inside { if (!sub(/^.*[*]\//, "")) next; inside = 0 }
    { gsub(/\/[*][^*]*[*]\//, ""); sub(/\/\/.*/, "") }
    sub(/\/[*].*/, "") { inside = 1 }
    { print }
  ' "$1"
}

# The names on one line each, however the macros are broken into lines. If ctest has some of a source it has all.
while read -r source; do
  code_of "$source" | tr -s '\n ' ' ' | grep -oE '\bTEST(_F|_P)?\( ?\w+, ?\w+ ?\)' |
    sed -E 's/^TEST(_F|_P)?\( ?(\w+), ?(\w+) ?\)$/\2.\3/' >"$temporary/names"
  grep -qxFf "$temporary/names" "$temporary/listed" || cat "$temporary/names" >>"$temporary/known"
done < <(find "$folder/tests" -name '*.cc')

# Rows of the tables with a column "test", as: what they offer, a tab, their tests.
awk -F' [|] ' '
  !/^[|]/ { inside = 0; next }
  / test [|]$/ { inside = 1; next }
  /^[|]-/ { next }
  inside { sub(/^[|] /, "", $1); sub(/ [|]$/, "", $NF); print $1 "\t" $NF }
' "$folder/docs/parity.md" >"$temporary/rows"
[[ -s $temporary/rows ]] || complain "no rows found"

cut -f1 "$temporary/rows" | sort | uniq -d >"$temporary/twice"
while read -r offer; do complain "$offer: has two rows"; done <"$temporary/twice"

while IFS=$'\t' read -r offer tests; do
  names=$(grep -oE '`[^`]+`' <<<"$tests" | tr -d '`')
  [[ -n $names ]] || complain "$offer: no test"
  while read -r name; do
    grep -qxF -- "$name" "$temporary/known" || complain "$offer: there is no test '$name'"
  done < <(grep . <<<"$names")
done <"$temporary/rows"
exit "$status"

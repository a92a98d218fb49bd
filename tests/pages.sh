#!/bin/bash
# Holds README.md and docs/ against the tree: where links lead is there, what is called weft::NAME is
# declared in a public header, and README.md names each sample, which a test runs.
#
#   pages.sh SOURCE_FOLDER BUILD_FOLDER
set -u
cd "$1" || exit 1
build=$2
status=0
export LC_ALL=C

complain() {
  echo "$*"
  status=1
}

mapfile -t pages < <(ls README.md CHANGELOG.md docs/*.md docs/guide/*.md)
headers=$(find runtime/include net/include net/tls/include hooks/include -name '*.h' -not -path '*/detail/*' 2>/dev/null)
[[ -n $headers ]] || { echo "no public headers found"; exit 1; }
# shellcheck disable=SC2086
words=$(cat $headers | grep -oE '\w+' | sort -u)

for page in "${pages[@]}"; do
  while read -r target; do
    [[ -e $(dirname "$page")/$target ]] || complain "$page: $target is not there"
  done < <(awk '/^```/ { code = !code } !code && !/^<!--/' "$page" | grep -oE '\]\([^)#]+' | sed 's/^](//' | grep -v '^https\?:' | sort -u)
  while read -r name; do
    grep -qx "${name##*:}" <<<"$words" || complain "$page: no public header declares $name"
  done < <(grep -oE 'weft::\w+(::\w+)*' "$page" | sort -u)
done

while read -r row; do
  complain "README.md: $row has two rows"
done < <(grep -oE '^\| `[^|]*' README.md | sort | uniq -d)

# Either by its name, or as what another test starts.
tests=$(ctest --test-dir "$build" -N)
for sample in samples/*.c samples/*.cc; do
  name=$(basename "${sample%.*}")
  grep -qF "\`$name\`" README.md || complain "README.md: does not name $sample"
  grep -qE " sample_$name$" <<<"$tests" || grep -rqw --include='*.sh' --include=CMakeLists.txt "$name" tests ||
    complain "$sample: no test runs it"
done
exit "$status"

#!/bin/bash
# Fails for a docstring of a public header whose parts do not stand below each other, as they do not
# when a formatter has broken a line that was too long:
#
#     /// Errors:   none.
#     /// Threads:  any, and each
#     ///           part goes on here.
#
#   docstrings.sh SOURCE_FOLDER
set -u
cd "$1" || exit 1
mapfile -t headers < <(find runtime/include net/include net/tls/include hooks/include -name '*.h' \
  -not -path '*/detail/*' 2>/dev/null | sort)
((${#headers[@]} > 0)) || { echo "no public headers found"; exit 1; }
awk '
  function complain(what) { print FILENAME ":" FNR ": " what; failed = 1 }
  FNR == 1 { part = 0 }
  length($0) > 100 { complain("longer than 100 characters") }
  !/^ *\/\/\// { part = 0; next }
  { text = $0; sub(/^ *\/\/\/ ?/, "", text) }
  text == "" { part = 0; next }
  text ~ /^(Units|Errors|Threads|Promise|Source)(, (Units|Errors|Threads|Promise|Source))*:/ { part = 1; next }
  text ~ /[.] (Units|Errors|Threads|Promise|Source):/ { complain("a part begins within a line") }
  part && text !~ /^          / { complain("goes on at another column") ; part = 0 }
  END { exit failed }
' "${headers[@]}"

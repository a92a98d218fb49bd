#!/bin/bash
# What the preloaded object defines for the program: no function that the loader resolves before there
# is any thread (IFUNC), and no symbol with a version, which would miss references to other versions.
#
#   f20_exports.sh OBJECT
set -euo pipefail
symbols=$(nm -D --defined-only --with-symbol-versions "$1" | awk '{print $3}')
if [[ -z $symbols ]]; then
  echo "no symbols in $1"
  exit 1
fi
if grep '@' <<<"$symbols"; then
  echo "these have a version"
  exit 1
fi
if grep -xE 'time|gettimeofday|mem(cpy|move|set|cmp|chr)|str[a-z]+|malloc|calloc|realloc|free' <<<"$symbols"; then
  echo "these must not be replaced"
  exit 1
fi

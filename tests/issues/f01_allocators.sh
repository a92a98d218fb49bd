#!/usr/bin/env bash
# Other allocators, preloaded too, and the address sanitizer's: they call what weft replaces before it
# has started, and while they hold locks of their own.
source "$(dirname "$0")/issue.sh" "$@"
need gcc

# library NAME: where the loader finds it.
library() {
  local path
  path=$(find /usr/lib -name "$1" | head -n 1)
  [[ -n $path ]] || fail "no $1; install the packages listed in packages.txt"
  echo "$path"
}

compile f01_allocations
for name in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
  path=$(library "$name")
  LD_PRELOAD=$path run ./f01_allocations >output
  assert_output output <<<fine
  mv f01_allocations plain
  compile f01_allocations -Wl,--no-as-needed "$path"
  run ./f01_allocations >output
  assert_output output <<<fine
  mv plain f01_allocations
done
compile f01_allocations -fsanitize=address
asan=$(gcc -print-file-name=libasan.so) # its runtime insists on being first, and the runner lets it
LD_PRELOAD=$(readlink -f "$asan") run ./f01_allocations >output
assert_output output <<<fine

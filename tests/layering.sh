#!/bin/bash
# Fails on an include that points upward. The layers, lower first:
#
#   runtime  <-  net  <-  hooks  <-  LD_PRELOAD        samples: <weft/...> only
#
#   layering.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}" || exit 1
found=0

# forbid FOLDER WHAT WHY [EXCEPT]: no file in FOLDER may include what the pattern WHAT matches.
forbid() {
  local folder=$1 what=$2 why=$3 except=${4:-^$} hits
  [[ -d $folder ]] || return 0
  hits=$(grep -rnE --include='*.h' --include='*.cc' --include='*.c' \
    "^[[:space:]]*#[[:space:]]*include[[:space:]]*$what" "$folder" | grep -vE "$except")
  [[ -n $hits ]] || return 0
  printf '%s\n' "$hits" "  -> $why" >&2
  found=1
}

readonly kThreads='<(mutex|shared_mutex|thread|condition_variable|future|semaphore|latch|barrier)>'

forbid runtime '["<](net|hooks|LD_PRELOAD)/' 'runtime is the lowest layer'
forbid runtime "$kThreads" 'the hooks replace what these call; kernel threads come through Os'
forbid runtime '<dlfcn\.h>' 'runtime knows no libc symbol by name (but for what reads its tables)' '^runtime/(tcb|code_name)\.cc:'
forbid net '["<](hooks|LD_PRELOAD)/' 'net is below hooks'
forbid net "$kThreads" 'the hooks replace what these call'
forbid hooks '["<]LD_PRELOAD/' 'hooks is below LD_PRELOAD'
for product in runtime net hooks LD_PRELOAD; do
  forbid "$product" '["<](tests|samples)/' 'the product must not need its tests or samples'
done
forbid samples '"' 'samples show the public API: #include <weft/...> and nothing else of weft'
forbid samples '<(runtime|net|hooks|LD_PRELOAD|tests)/' 'samples show the public API only'
forbid tests/runtime '["<](net|hooks|LD_PRELOAD)/' 'tests/runtime may include runtime only'
forbid tests/net '["<](hooks|LD_PRELOAD)/' 'tests/net may include net and below'
forbid tests/hooks '["<]LD_PRELOAD/' 'tests/hooks may include hooks and below'

((found)) || echo "all includes point downward"
exit "$found"

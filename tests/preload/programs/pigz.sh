#!/usr/bin/env bash
# pigz with four compressing threads.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/compressor.sh"

check_compressor 5 pigz -p 4 --no-name --no-time

#!/usr/bin/env bash
# zstd with two compressing threads.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/compressor.sh"

check_compressor 3 zstd -q -T2

#!/usr/bin/env bash
# xz (liblzma) with two compressing threads.
source "$(dirname "$0")/common.sh" "$@"
source "$HERE/compressor.sh"

check_compressor 3 xz -T 2 -1

#!/usr/bin/env bash
# sort with four threads, and with temporary files and a compressor's child processes.
source "$(dirname "$0")/common.sh" "$@"
need sort gzip
describe sort "300,000 lines with 4 threads, in memory, through temporary files and through gzip, as with one thread natively"

lines=$((300000 * LOAD))
awk -v lines="$lines" 'BEGIN { srand(3); for (n = 0; n < lines; n++) printf "%d %d\n", rand() * 1e9, n }' >data
native sort --parallel=1 -n data >expected
measure "$lines" lines run sort --parallel=4 -S 100M -n -o sorted data
assert_same_file "sorted in memory" expected sorted
run sort --parallel=4 -S 2M -n -T "$TMP" data | assert_same_file "sorted on disk" expected /dev/stdin
WEFT_FOLLOW=1 run sort --parallel=4 -S 2M -n -T "$TMP" --compress-program=gzip data |
  assert_same_file "sorted through gzip" expected /dev/stdin
run sort -c -n sorted

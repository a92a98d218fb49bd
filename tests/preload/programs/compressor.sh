# check_compressor THREADS PROGRAM OPTION...: the shared test of pigz, xz and zstd.
#
# Compressing under the runner gives exactly what it gives natively, and both decompress it. The
# data comes through a pipe that pauses half-way, where natively there are THREADS; under weft they
# may be as many, since threads that compute get kernel threads.
# shellcheck shell=bash disable=SC2034  # common.sh reads STARTED

# Almost 30 MiB that compress well in some places and badly in others, the same on every machine.
generate() {
  python3 - <<'END'
import random
import sys

chance = random.Random(20)
for block in range(30):
    words = [chance.randbytes(chance.randrange(3, 12)).hex().encode() for _ in range(500)]
    text = b" ".join(chance.choices(words, k=50_000))
    sys.stdout.buffer.write(text + chance.randbytes(200_000))
END
}

has_threads() {
  (($(kernel_threads "$1") >= $2))
}

# compress THREADS COMMAND...: from `original` to `compressed`, under the runner.
compress() {
  local threads=$1 half compressor
  shift
  half=$(($(stat -c %s original) / 2))
  mkfifo input
  "${RUNNER[@]}" "$@" <input >compressed 2>compressor.log &
  compressor=$!
  STARTED["$compressor"]=$1
  exec 9>input
  # Ends when the compressor has read all but what the pipe holds, so its threads are there.
  native head -c "$half" original >&9
  ((${#RUNNER[@]})) || wait_until 20 "$1 has its threads" has_threads "$compressor" "$threads"
  native tail -c +$((half + 1)) original >&9
  exec 9>&-
  reap "$compressor"
  assert_equal "exit status of $1" 0 "$STATUS"
}

check_compressor() {
  local threads=$1
  shift
  need "$1" python3
  generate >original
  compress "$threads" "$@"
  native cat original | native "$@" >compressed_native
  assert_same_file "compressed under the runner and natively" compressed_native compressed
  run "$1" -dc <compressed >decompressed
  assert_same_file "decompressed under the runner" original decompressed
  native "$1" -dc <compressed >decompressed
  assert_same_file "decompressed natively" original decompressed
  # What is damaged has to be noticed.
  head -c 1000000 compressed >truncated
  ! run "$1" -dc <truncated >decompressed 2>truncated.log || fail "accepted a truncated file"
}

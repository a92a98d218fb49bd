#!/usr/bin/env bash
# ImageMagick: OpenMP's threads, whose barriers spin and then wait by raw futexes; pictures are
# those that it makes natively.
source "$(dirname "$0")/common.sh" "$@"
need convert compare
describe convert "blurred, resized, turned and combined pictures, bit by bit as natively, with 4 threads of OpenMP"

export OMP_NUM_THREADS=4 MAGICK_THREAD_LIMIT=4

# pictures BY: each operation on a picture that is the same for both.
pictures() {
  "$1" convert source.ppm -blur 0x3 "$1-blur.ppm"
  "$1" convert source.ppm -resize 150% "$1-resize.ppm"
  "$1" convert source.ppm -rotate 33 -despeckle "$1-turn.ppm"
  "$1" convert source.ppm \( +clone -negate -blur 0x2 \) -compose multiply -composite "$1-both.ppm"
}

native convert -size 300x200 -seed 7 plasma:red-blue -depth 8 source.ppm
measure 4 pictures pictures run
pictures native
for what in blur resize turn both; do
  assert_same_file "$what" "native-$what.ppm" "run-$what.ppm"
done

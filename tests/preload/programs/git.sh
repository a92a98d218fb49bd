#!/usr/bin/env bash
# git: a daemon and a clone over loopback, and the commands that use threads inside one process.
source "$(dirname "$0")/common.sh" "$@"
need git python3

export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='2020-01-01T00:00:00Z'
export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
native git config --global user.name tester
native git config --global user.email tester@example.org
native git config --global init.defaultBranch main

# 300 files in two commits; some are large enough that packing them takes a while.
native git init -q served/origin
python3 - served/origin <<'END'
import pathlib
import random
import sys

chance = random.Random(5)
for number in range(300):
    lines = [f"{number} {chance.random()}" for _ in range(chance.choice((10, 100, 5000)))]
    text = "\n".join(lines) + "\n"
    pathlib.Path(sys.argv[1], f"file-{number}").write_text(text, encoding="ascii")
END
native git -C served/origin add .
native git -C served/origin commit -q -m first
echo needle >>served/origin/file-7
run git -C served/origin commit -q -a -m second
head=$(native git -C served/origin rev-parse HEAD)

port=$(free_port)
# The daemon itself: `git daemon` would be its parent, and the one that gets the signals.
start daemon "$(git --exec-path)/git-daemon" --verbose --export-all --reuseaddr \
  --listen=127.0.0.1 --port="$port" --base-path="$TMP/served" "$TMP/served"
daemon=$PID
wait_ready "$daemon" port_open "$port"

run git clone -q "git://127.0.0.1:$port/origin" cloned
run git -C cloned fsck --strict --no-progress 2>fsck.log
assert_equal "HEAD of the clone" "$head" "$(native git -C cloned rev-parse HEAD)"
assert_equal "changes in the clone" "" "$(native git -C cloned status --porcelain)"
native diff -r --exclude=.git served/origin cloned

# Five at once: the daemon forks one server each.
clones=()
for number in {1..5}; do
  run git clone -q --bare "git://127.0.0.1:$port/origin" "bare-$number" 2>"clone-$number.log" &
  clones+=("$!")
  STARTED[$!]=clone-$number
done
for pid in "${clones[@]}"; do
  reap "$pid"
  assert_equal "exit status of a clone" 0 "$STATUS"
done
for number in {1..5}; do
  assert_equal "HEAD of bare-$number" "$head" "$(native git -C "bare-$number" rev-parse HEAD)"
done
stop "$daemon"

assert_equal "grep in four threads" "HEAD:file-7:needle" \
  "$(run git -C cloned grep --threads=4 needle HEAD)"
native git -C cloned repack -q -a -d
pack=$(echo cloned/.git/objects/pack/*.pack)
run git index-pack --threads=4 -o index "$pack" >/dev/null
assert_same_file "index of a pack" "${pack%.pack}.idx" index
# With several threads the contents of a pack may vary, so it has to be valid, not the same.
native git -C cloned rev-list --objects --all |
  run git -C cloned pack-objects -q --threads=4 --no-reuse-delta "$TMP/packed" >name
native git verify-pack "packed-$(cat name).pack"

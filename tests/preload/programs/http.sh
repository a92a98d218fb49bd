# http.sh: what the tests of HTTP servers and proxies share: a site of small and big files, clients
# that compare every byte of it, and load.
# shellcheck shell=bash

need curl ab

# make_site DIRECTORY: 28 files of 0 bytes to 3 MB, of random bytes.
make_site() {
  local number size
  mkdir "$1"
  for number in {1..20}; do head -c $((number * 97)) /dev/urandom >"$1/small-$number"; done
  for size in 0 1 4096 65535 65536 65537 1000000 3000000; do
    head -c "$size" /dev/urandom >"$1/size-$size"
  done
  chmod -R a+rX "$1"
}

# fetch_site DIRECTORY URL CLIENT: one client fetches all files, some at once, and parts of one.
fetch_site() {
  local site=$1 url=$2 to=fetched-$3 size
  rm -rf "$to" && mkdir "$to"
  native curl -sS --fail --no-progress-meter -Z --parallel-max 6 -o "$to/small-#1" "$url/small-[1-20]"
  for size in "$site"/size-*; do
    native curl -sS --fail -o "$to/${size##*/}" "$url/${size##*/}"
  done
  [[ -e $to/size-0 ]] || : >"$to/size-0"  # curl makes no file of nothing
  diff -r "$site" "$to"
  native curl -sS --fail -r 70000-999998 -o "$to/range" "$url/size-1000000"
  cmp "$to/range" <(tail -c +70001 "$site/size-1000000" | head -c 929999)
  assert_equal "status of a missing page" 404 \
    "$(native curl -sS -o "$to/missing" -w '%{http_code}' "$url/missing")"
}

# check_site DIRECTORY URL: four clients at once.
check_site() {
  at_once 4 fetch_site "$1" "$2"
}

_load() {
  native ab -q -k -n "$1" -c 20 "$2" >ab.log 2>&1
}

# load_site URL: 20 clients with keep-alive; ab compares the length of each reply.
load_site() {
  local requests=$((3000 * LOAD))
  measure "$requests" requests _load "$requests" "$1/small-20"
  assert_contains ab.log "^Complete requests: +$requests\$"
  assert_contains ab.log '^Failed requests: +0$'
  ! grep 'Non-2xx' ab.log || fail "replies that say so"
}

# stop_idle PID: stop, once it has closed its connections at $port: it hears of a client's close only a
# moment later, and servers have their own bugs when they end with connections.
stop_idle() {
  wait_ready "$1" has_no_connection
  stop "$1"
}

# Of the kernel's table: our end at $port, but for those that listen (0A) and that nobody holds (06).
has_no_connection() {
  awk -v end=":$(printf '%04X' "$port")\$" '$2 ~ end && $4 != "0A" && $4 != "06" { found = 1 }
    END { exit found }' /proc/net/tcp
}

# Common to scripts/demo, scripts/test and .ci/run; sourced, not run. Works from any folder.
# shellcheck shell=bash disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

kBuildPackages=(g++ cmake ninja-build libboost-context-dev libc-ares-dev libcli11-dev libgtest-dev
  libgmock-dev libbenchmark-dev liburing-dev doxygen)

say() { printf '== %s\n' "$*"; }

# Runs a command as root.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "needs root or sudo: $*" >&2
    return 1
  fi
}

# Prints those of the packages that are not installed. Any release of Boost.Context will do: Debian's
# default package cannot be installed beside a newer one.
missing_packages() {
  local package pattern
  for package in "$@"; do
    pattern=${package/#libboost-context-dev/libboost-context*-dev}
    dpkg-query -W -f '${Status}\n' "$pattern" 2>/dev/null | grep -q ' installed$' || echo "$package"
  done
}

# Installs what is missing, and starts no service: the tests start servers of their own.
install_missing() {
  local missing
  command -v apt-get >/dev/null || {
    say "not a Debian system: please install yourself what is missing of: $*"
    return 0
  }
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  say "installing with apt-get: ${missing[*]}"
  without_services apt_install "${missing[@]}"
}

# What the tests build with, and the programs that they run.
install_test_packages() {
  local programs
  mapfile -t programs < <(grep -Ev '^\s*(#|$)' "$root/tests/preload/programs/packages.txt")
  install_missing "${kBuildPackages[@]}" "${programs[@]}"
}

apt_install() {
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"
}

# Packages of servers start them when installed, unless policy-rc.d forbids it (invoke-rc.d(8)).
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [[ -e $policy ]]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  "$@" || status=$?
  as_root rm -f "$policy"
  return "$status"
}

# Allows at least $1 open files, or as many as we may, and says so if they are fewer.
allow_open_files() {
  local wanted=$1
  (($(ulimit -n) >= wanted)) || ulimit -n "$wanted" 2>/dev/null || ulimit -Sn "$(ulimit -Hn)" || true
  (($(ulimit -n) >= wanted)) ||
    say "at most $(ulimit -n) open files are allowed here, $wanted are wanted (ulimit -n)"
}

# build PRESET [CMAKE ARGUMENTS...]: configures and builds; quiet unless something is wrong. Waits while
# another one builds the same.
build() {
  local preset=$1 lock status=0
  shift
  mkdir -p "$root/build"
  exec {lock}>"$root/build/$preset.lock"
  flock "$lock"
  build_alone "$preset" "$@" || status=$?
  exec {lock}>&-
  return "$status"
}

build_alone() {
  local preset=$1 log
  shift
  log=$(mktemp)
  say "building preset $preset"
  if (cd "$root" && cmake --preset "$preset" "$@" && cmake --build --preset "$preset") >"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  grep -E -A8 'error|Error|FAILED' "$log" | head -100
  tail -n 20 "$log"
  rm -f "$log"
  say "preset $preset does not build"
  return 1
}

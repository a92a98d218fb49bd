#!/bin/bash
# Runs a command where /etc is the test's own and a name server of the test's listens on port 53 of
# 127.0.0.1 and 127.0.0.2: libc's resolver asks no other port. For that it makes namespaces of its own
# (user, network, mounts). Where the kernel or a container refuses these, the test is skipped.
#
#   world.sh COMMAND...        exit status 77: skipped
#
# In the namespace: 10.9.0.1/24 and fd00:9::1/64 on the loopback interface; nothing else is reached.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Debian's programs rather than a version manager's shims.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

if [[ ${WEFT_IN_WORLD:-} != 1 ]]; then
  if ! why=$(unshare --user --map-root-user --net --mount true 2>&1); then
    echo "skipped: no namespaces can be made here ($why)"
    exit 77
  fi
  export WEFT_IN_WORLD=1
  exec unshare --user --map-root-user --net --mount --kill-child --fork "$here/world.sh" "$@"
fi

folder=$(mktemp -d)
server=
finish() {
  local status=$?
  trap - EXIT
  [[ -z $server ]] || kill "$server" 2>/dev/null
  [[ -z $server ]] || wait "$server" 2>/dev/null
  umount /etc 2>/dev/null
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM

need() {
  "$@" && return
  echo "failed: $*"
  exit 1
}

ip link set lo up || exit 1
need ip address add 10.9.0.1/24 dev lo
need ip address add fd00:9::1/64 dev lo

# What programs need of /etc, and no more.
etc=$folder/etc
mkdir "$etc"
for name in ld.so.cache ld.so.conf services protocols passwd group host.conf; do
  [[ ! -e /etc/$name ]] || cp -rL "/etc/$name" "$etc/" 2>/dev/null
done
cat >"$etc/hosts" <<'HOSTS'
127.0.0.1 localhost
::1 localhost ip6-localhost
10.9.0.50 inhosts inhosts-alias
10.9.0.51 twice-inhosts
fd00:9::51 twice-inhosts
fd00:9::52 six-inhosts
10.9.0.53 dotted.hosts.test dotted
HOSTS
echo 'hosts: files dns' >"$etc/nsswitch.conf"
printf 'services: files\nprotocols: files\n' >>"$etc/nsswitch.conf"
echo 'nameserver 127.0.0.1' >"$etc/resolv.conf"
need mount --bind "$etc" /etc

mkfifo "$folder/ready"
python3 "$here/server.py" 127.0.0.1 1 127.0.0.2 2 >"$folder/ready" &
server=$!
read -r line <"$folder/ready"
[[ $line == ready ]] || { echo "the name server did not start"; exit 1; }

"$@"

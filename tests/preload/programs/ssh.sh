#!/usr/bin/env bash
# sshd, ssh, scp and rsync over ssh, with keys and a configuration of their own, as the user who
# runs the test. sshd's children run under weft, too (--follow).
source "$(dirname "$0")/common.sh" "$@"
need sshd ssh scp ssh-keygen rsync
describe sshd "output and exit status of commands, 4 MB through ssh and scp in 4 sessions at once, a tree by rsync over ssh"

export WEFT_FOLLOW=1
chmod 755 "$TMP"
user=$(id -un)
port=$(free_port)
[[ -d /run/sshd ]] || ((EUID != 0)) || mkdir -p /run/sshd  # where a service would have made it
run ssh-keygen -q -t ed25519 -N '' -f host_key
run ssh-keygen -q -t ed25519 -N '' -f user_key
native ssh-keygen -y -f user_key >authorized_keys
chmod 600 authorized_keys
cat >sshd_config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $TMP/host_key
AuthorizedKeysFile $TMP/authorized_keys
PidFile $TMP/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PermitUserRC no
MaxStartups 50
Subsystem sftp /usr/lib/openssh/sftp-server
END
cat >ssh_config <<END
Host test
  HostName 127.0.0.1
  Port $port
  User $user
  IdentityFile $TMP/user_key
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking no
  UserKnownHostsFile $TMP/known_hosts
  LogLevel ERROR
END

serve() {
  "$1" "$2" "$(command -v sshd)" -D -e -f "$TMP/sshd_config"
  wait_ready "$PID" port_open "$port"
}

over_ssh() {
  "$1" ssh -F ssh_config test "${@:2}"
}

# session CLIENT: data there and back; the client is native for odd numbers.
session() {
  local by=native
  (($1 % 2)) || by=run
  over_ssh "$by" cat <data >"echo-$1"
  cmp data "echo-$1"
  "$by" scp -q -F ssh_config data "test:$TMP/copy-$1"
  cmp data "copy-$1"
  "$by" scp -q -F ssh_config "test:$TMP/data" "back-$1"
  cmp data "back-$1"
}

head -c 4000000 /dev/urandom >data
serve start sshd
server=$PID
over_ssh run 'echo out; echo err >&2; exit 7' >out 2>err || status=$?
assert_equal "exit status of a command" 7 "${status:-0}"
assert_equal "output of a command" "out err" "$(cat out) $(cat err)"
measure $((4 * 4 * 4)) MB at_once 4 session
mkdir -p tree/inner
for number in {1..50}; do head -c $((number * 1000)) data >"tree/inner/$number"; done
ln -s inner/1 tree/link
run rsync -a -e 'ssh -F ssh_config' tree/ "test:$TMP/rsynced"
native diff -r tree rsynced
report threads "$(kernel_threads "$server")"
stop "$server"
under_test=$STATUS
serve start_native sshd_native
over_ssh native true
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

#!/bin/bash
# Runs the samples that are servers and clients against each other.
#
#   samples.sh FOLDER_OF_SAMPLES
set -uo pipefail
samples=$1
work=$(mktemp -d)
servers=()
trap '((${#servers[@]} == 0)) || kill "${servers[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
failed=0

# start SERVER ARGUMENT...: runs it on a free port; $address is where it listens.
start() {
  local pipe=$work/$1
  mkfifo "$pipe"
  "$samples/$1" "${@:2}" >"$pipe" &
  servers+=($!)
  address=
  read -r -t 20 _ _ address <"$pipe"
}

# expect WHAT EXPECTED GOT
expect() {
  [[ $2 == "$3" ]] && return
  printf '%s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"
  failed=1
}

# ask REQUEST: all that the server answers until it ends the connection.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/${address#*:}"
  printf '%b' "$1" >&3
  timeout 20 cat <&3
  exec 3>&-
}

start echo_server
expect echo_client '2000 of 2000 messages came back' "$(timeout 20 "$samples/echo_client" "$address")"
port=${address#*:}
expect port_scanner "$address is open" \
  "$(timeout 20 "$samples/port_scanner" 127.0.0.1 "$port" "$port")"

start chat_room
exec 4<>"/dev/tcp/127.0.0.1/${address#*:}"
echo alice >&4
read -r -t 20 -u 4 line && expect 'chat_room, joining' 'alice is here' "$line"
exec 5<>"/dev/tcp/127.0.0.1/${address#*:}"
printf '%s\n' bob hello >&5
read -r -t 20 -u 4 line && expect 'chat_room, another' 'bob is here' "$line"
read -r -t 20 -u 4 line && expect 'chat_room, saying' 'bob: hello' "$line"
exec 5>&-
line=
read -r -t 20 -u 4 line
expect 'chat_room, leaving' 'bob has left' "$line"
exec 4>&-

start http_hello
expect 'http_hello, one request' 1 "$(ask 'GET / HTTP/1.0\r\n\r\n' | grep -c '^hello$')"
expect 'http_hello, kept alive' 3 \
  "$(ask 'GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n' |
    grep -c '^hello$')"
exit "$failed"

#!/bin/bash
# Runs the sample against openssl's own server: sample.sh TLS_CLIENT
set -uo pipefail
command -v openssl > /dev/null || exit 77
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2> /dev/null; rm -rf "$work"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$work/key" -out "$work/cert" 2> /dev/null || exit 77
openssl s_server -accept 127.0.0.1:0 -www -key "$work/key" -cert "$work/cert" > "$work/log" 2>&1 < /dev/null &
server=$!
for ((i = 0; i < 200; ++i)); do
  port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$work/log")
  [[ -z $port ]] || break
  sleep 0.05
done
timeout 20 "$1" localhost "$port" "$work/cert" > "$work/page" || exit 1
grep -q 'HTTP/1.0 200 ok' "$work/page" || exit 1
! timeout 20 "$1" localhost "$port" > "$work/page" 2>&1 || exit 1
grep -q 'certificate' "$work/page"

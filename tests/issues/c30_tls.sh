#!/usr/bin/env bash
# TLS by an OpenSSL that nobody patches: its own server and client, and a program with threads.
source "$(dirname "$0")/issue.sh" "$@"
need openssl python3

native openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem \
  -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost &>certificate.log

run python3 "$ISSUES/c30_tls.py" >threads
assert_output threads <<<"20 of 20 answers are right, OpenSSL"

port=$(free_port)
start s_server openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -www
server=$PID
wait_ready "$server" port_open "$port"
for client in {1..5}; do
  printf 'GET / HTTP/1.0\r\n\r\n' |
    run openssl s_client -connect "127.0.0.1:$port" -CAfile cert.pem -verify_return_error -quiet \
      >"answer$client" 2>client.log
  assert_contains "answer$client" '^HTTP/1.0 200 ok'
done

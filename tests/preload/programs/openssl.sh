#!/usr/bin/env bash
# openssl s_server and s_client, both under test: a file of 2 MB through TLS 1.2 and 1.3 by four
# clients; keys, digests and ciphers of big files; work in processes of its own (speed -multi).
source "$(dirname "$0")/common.sh" "$@"
need openssl
describe openssl "2 MB from s_server to s_client by TLS 1.2 and 1.3, digests, ciphers and signatures checked by a native one, speed -multi"

run openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost \
  2>request.log
head -c 2000000 /dev/urandom >data
port=$(free_port)

start s_server openssl s_server -accept "127.0.0.1:$port" -key key -cert cert -WWW -quiet
wait_ready "$PID" port_open "$port"

# get CLIENT: by TLS 1.2 and 1.3 in turns; the server closes when the file is sent.
get() {
  local version=tls1_2
  (($1 % 2)) || version=tls1_3
  printf 'GET /data HTTP/1.0\r\n\r\n' |
    run openssl s_client -connect "127.0.0.1:$port" "-$version" -ign_eof -quiet -verify_return_error \
      -CAfile cert >"got-$1" 2>"s_client-$1.log"
  cmp data <(tail -c 2000000 "got-$1")
}

measure 8 MB at_once 4 get
report threads "$(kernel_threads "$PID")"
stop "$PID"
under_test=$STATUS
start_native s_server_native openssl s_server -accept "127.0.0.1:$port" -key key -cert cert -WWW -quiet
wait_ready "$PID" port_open "$port"
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"

assert_equal "a digest" "$(native openssl dgst -sha256 data)" "$(run openssl dgst -sha256 data)"
run openssl enc -aes-256-ctr -pbkdf2 -pass pass:secret -in data -out encrypted
native openssl enc -d -aes-256-ctr -pbkdf2 -pass pass:secret -in encrypted -out decrypted
assert_same_file "what was enciphered" data decrypted
run openssl dgst -sha256 -sign key -out signature data
native openssl x509 -in cert -pubkey -noout >public
assert_equal "a signature" "Verified OK" \
  "$(native openssl dgst -sha256 -verify public -signature signature data)"
run openssl speed -multi 2 -seconds 1 -bytes 1024 sha256 >speed 2>speed.log
assert_contains speed '^sha256 +[0-9.]+k$'

#!/usr/bin/env bash
# perl: fork, pipes, sockets, select, alarm.
source "$(dirname "$0")/common.sh" "$@"
need perl

run perl "$HERE/perl_processes.pl" >output
assert_output output <<'END'
fork: 10 children, exit statuses 0 1 2 3 4 5 6 7 8 9
pipes: 200000 bytes through cat
backticks: hello
sockets: 20 clients, 20 correct replies
select: slept
alarm: interrupted read
END

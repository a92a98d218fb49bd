#!/bin/bash
# Holds hooks/symbols.tsv against libc and against what is replaced: every function that this libc
# exports and that looks as if it could wait is classified; what the table calls ours is exported by
# libweft_preload.so, and nothing else is; every row has a reason where libc's own is kept.
#
#   symbols.sh SOURCE_FOLDER PRELOAD_OBJECT
set -u
folder=$1 object=$2
table=$folder/hooks/symbols.tsv
status=0
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
export LC_ALL=C

# What the names of functions that wait have in common. A hit costs a row; a miss, a hung program.
looks='lock|wait|sleep|poll|select|read|writ|recv|send|accept|connect|join|cond|mutex|sem_|semop|'
looks+='semtimed|thread|thrd_|mtx_|cnd_|tss_|fork|spawn|system$|popen|pclose|msg(snd|rcv|get)|mq_|'
looks+='aio_|lio_|gai_|addrinfo|nameinfo|gethost|^get(pw|gr|sp|sg|serv|proto|net|rpc|alias)|res_|'
looks+='sync|flush|^sig|signal|pause|alarm|timer|kill|cancel|once|barrier|futex|syscall|clone|open|'
looks+='close|daemon|exec|exit|yield|tcdrain|getline|getdelim|splice|tee$|sendfile|copy_file|epoll|'
looks+='fanotify|inotify|ioctl|fcntl|raise|abort|getrandom|getentropy|longjmp'

# exports OBJECT: the functions that programs may use.
exports() {
  nm -D --defined-only "$1" | awk '$2 ~ /^[TWiVu]$/ && $3 !~ /GLIBC_PRIVATE/ { print $3 }' |
    sed 's/@.*//' | sort -u
}

rows() { grep -Ev '^(#|$)' "$table"; }

# complain TITLE: prints the names on standard input, if any, as a failure.
complain() {
  local names
  names=$(cat)
  [[ -z $names ]] && return
  echo "$1:"
  sed 's/^/  /' <<<"$names"
  status=1
}

libc=$(${CC:-gcc} -print-file-name=libc.so.6)
exports "$libc" >"$temporary/libc"
[[ -s $temporary/libc ]] || { echo "no exports found in '$libc'"; exit 1; }
rows | cut -f1 | sort >"$temporary/known"
rows | awk -F'\t' '$2 == "hooked" || $2 == "emulated" { print $1 }' | sort >"$temporary/ours"
exports "$object" | grep -v '^__libc_start_main$' >"$temporary/exported" # main_thread.cc

grep -E "$looks" "$temporary/libc" | comm -23 - "$temporary/known" |
  complain "exported by $libc and not classified in hooks/symbols.tsv"
uniq -d "$temporary/known" | complain "classified twice"
comm -23 "$temporary/ours" "$temporary/exported" | complain "called ours, but not replaced"
comm -13 "$temporary/ours" "$temporary/exported" | complain "replaced, but not called ours"
rows | awk -F'\t' '$2 !~ /^(hooked|emulated|passed|refused)$/' | complain "an unknown class"
rows | awk -F'\t' '$2 ~ /^(passed|refused)$/ && $3 == ""' | complain "without a reason"
exit "$status"

# issue.sh: what the scripts of this folder share, which is what those of real programs do
# (tests/preload/programs/common.sh). First line of a script:
#
#     source "$(dirname "$0")/issue.sh" "$@"
# shellcheck shell=bash disable=SC2034

ISSUES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/preload/programs/common.sh
source "$ISSUES/../preload/programs/common.sh" "$@"
SCRIPT=$ISSUES/${0##*/}

# compile NAME OPTION...: this folder's NAME.c as ./NAME.
compile() {
  native gcc -D_GNU_SOURCE -O1 -g -pthread "$ISSUES/$1.c" -o "$1" "${@:2}"
}

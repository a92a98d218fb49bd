#!/bin/sh
# one_cpu.sh COMMAND...: runs it on one CPU, the first that is allowed. Between kernel threads on two, a
# handover costs a wake-up of the other CPU or none, as the scheduler has put them.
set -eu
cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
exec taskset -c "$cpu" "$@"

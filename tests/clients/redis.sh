#!/usr/bin/env bash
# hiredis against a server of its own.
source "$(dirname "$0")/clients.sh" "$@"

serve_redis
run_tests "$PORT"
native "$SAMPLES/redis" "$PORT" | sort >redis.output
assert_output redis.output <<END
done: dust
done: polish
done: sweep
END

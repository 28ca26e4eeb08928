#!/bin/sh
# woken.sh WAY: starts a prefork server of 15 workers that share the port in this way, lets one client
# come and go, and prints how many workers it has woken.
# A worker that sleeps again has one more voluntary context switch (proc_pid_status(5)).
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# Waits half a minute at most.
wait_until() {
    for _ in $(seq 300); do "$@" && return; sleep 0.1; done
    echo "woken.sh: $* does not come true; is port 7007 taken?" >&2
    exit 1
}
workers() { pgrep -P "$server" -x 'worker-.*'; }
all_sleep() { [ "$(grep -ls '^State:.S' /dev/null $(status) | wc -l)" = 15 ]; }
status() { workers | sed 's|.*|/proc/&/status|'; }
switches() { grep -H '^voluntary' $(status); }
has_left() { grep -q 'client 1 left' "$said"; }

target/debug/after-accept prefork echo --max-clients 15 --share "$1" >/dev/null 2>"$said" &
server=$!
wait_until all_sleep
before=$(switches)
echo hello | nc -N 127.0.0.1 7007 >/dev/null
wait_until has_left
wait_until all_sleep
{ echo "$before"; switches; } | sort | uniq -u | cut -d/ -f3 | sort -u | wc -l
kill $server
wait $server

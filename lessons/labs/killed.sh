#!/bin/sh
# killed.sh EXAMPLE: lets a client into the server, kills the server but not the client's child,
# shows the processes that are left, and starts the server again.
server="cargo run --quiet --example $1"
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# Waits five minutes at most: cargo may have to build the server first.
wait_until() {
    for _ in $(seq 3000); do "$@" && return; sleep 0.1; done
    echo "killed.sh: $* does not come true; is port 3100 taken?" >&2
    exit 1
}
it_listens() { ss -Htln 'sport = :3100' | grep -q LISTEN; }
it_has_a_child() { pgrep -P "$first" >/dev/null; }
it_has_spoken() { [ "$(wc -l <"$said")" -gt 0 ]; }

$server >/dev/null &
first=$!
wait_until it_listens
nc -d 127.0.0.1 3100 &
wait_until it_has_a_child
kill -KILL $first
wait $first 2>/dev/null
ps -C "$1" -o state,comm

$server >"$said" 2>&1 &
wait_until it_has_spoken
cat "$said"
ss -Htlnp 'sport = :3100' | grep -o 'users.*'

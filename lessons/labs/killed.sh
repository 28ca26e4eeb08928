#!/bin/sh
# killed.sh EXAMPLE: lets a client into the server, kills the server and not the client's child,
# shows who is left, and starts the server anew.
server="cargo run --quiet --example $1"
said=$(mktemp)

$server >/dev/null &
first=$!
until ss -Htln 'sport = :3100' | grep -q LISTEN; do sleep 0.1; done
nc -d 127.0.0.1 3100 &
until pgrep -P $first >/dev/null; do sleep 0.1; done
kill -KILL $first
wait $first 2>/dev/null
ps -C "$1" -o state,comm

$server >"$said" 2>&1 &
until [ -s "$said" ]; do sleep 0.1; done
cat "$said"
ss -Htlnp 'sport = :3100' | grep -o 'users.*'
rm -f "$said"

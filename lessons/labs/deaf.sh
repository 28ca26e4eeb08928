#!/bin/sh
# deaf.sh PORT: three members join the room at PORT. One reads, one never does, and one says 6 MB.
# Shows the server's own lines to the member that reads.
heard=$(mktemp)
trap 'kill -KILL $reader $deaf 2>/dev/null; rm -f "$heard"' EXIT

wait_until() {
    for _ in $(seq 3000); do "$@" && return; sleep 0.1; done
    echo "deaf.sh: $* does not come true; is there a room at port $port?" >&2
    exit 1
}
port=$1
told() { grep '^\* ' "$heard"; }
has_told() { [ "$(told | wc -l)" -ge "$1" ]; }
has_heard() { [ "$(wc -l <"$heard")" -ge "$1" ]; }

nc -d 127.0.0.1 "$port" >"$heard" &
reader=$!
wait_until has_told 1

nc -d 127.0.0.1 "$port" >/dev/null &
deaf=$!
wait_until has_told 2
kill -STOP $deaf

# 200 lines at a time, so that the one that reads keeps up on the busiest machine.
line=$(printf '%01000d' 0)
for piece in $(seq 30); do
    yes "$line" | head -n 200
    wait_until has_heard $((200 * piece))
done | nc -N 127.0.0.1 "$port" >/dev/null
wait_until has_told 5
told

#!/bin/sh
# deaf.sh PORT: three come into the room at PORT. One reads, one never does, and one says 6 MB.
# Shows what the server itself has told the one that reads.
heard=$(mktemp)
told() { grep '^\* ' "$heard"; }
until_told() { until [ "$(told | wc -l)" -ge "$1" ]; do sleep 0.1; done; }
until_heard() { until [ "$(wc -l <"$heard")" -ge "$1" ]; do sleep 0.05; done; }

nc -d 127.0.0.1 "$1" >"$heard" &
reader=$!
until_told 1

nc -d 127.0.0.1 "$1" >/dev/null &
deaf=$!
until_told 2
kill -STOP $deaf

# 200 lines at a time, so that the one that reads keeps up on the busiest machine.
line=$(printf '%01000d' 0)
for piece in $(seq 30); do
    yes "$line" | head -n 200
    until_heard $((200 * piece))
done | nc -N 127.0.0.1 "$1" >/dev/null
until_told 5
told
kill -KILL $reader $deaf
rm -f "$heard"

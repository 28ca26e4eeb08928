#!/bin/sh
# deaf.sh PORT: three come into the room at PORT. One reads, one never does, and one says 8 MB.
# Shows what the server itself has told the one that reads.
heard=$(mktemp)
told() { grep '^\* ' "$heard"; }
until_told() { until [ "$(told | wc -l)" -ge "$1" ]; do sleep 0.1; done; }
until_heard() { until [ "$(wc -l <"$heard")" -ge "$1" ]; do sleep 0.01; done; }

nc -d 127.0.0.1 "$1" >"$heard" &
reader=$!
until_told 1

nc -d 127.0.0.1 "$1" >/dev/null &
deaf=$!
until_told 2
kill -STOP $deaf

# A hundred lines at a time, so that the one that reads keeps up on the busiest machine.
line=$(printf '%01000d' 0)
for hundred in $(seq 80); do
    yes "$line" | head -n 100
    until_heard $((100 * hundred))
done | nc -N 127.0.0.1 "$1" >/dev/null
until_told 5
told
kill -KILL $reader $deaf
rm -f "$heard"

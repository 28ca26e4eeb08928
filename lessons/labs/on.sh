#!/bin/sh
# on.sh left COMMAND, on.sh right COMMAND: runs it on one of the machines of two-machines.sh.
set -e
machine=$1
shift
lab=$(cat two-machines.pid)

# Into the user namespace that whoever is not root has made, and to the names of the machines.
[ "$(id -u)" = 0 ] || user=--user
exec nsenter --target "$lab" $user --preserve-credentials --mount --wd ip netns exec "$machine" "$@"

#!/bin/sh
# on.sh left COMMAND, on.sh right COMMAND: runs COMMAND on a machine of two-machines.sh.
set -e
machine=$1
shift
lab=$(cat two-machines.pid)

# Enters the namespaces of the lab. Only an ordinary user's lab has a user namespace of its own.
[ "$(id -u)" = 0 ] || user=--user
exec nsenter --target "$lab" $user --preserve-credentials --mount --wd ip netns exec "$machine" "$@"

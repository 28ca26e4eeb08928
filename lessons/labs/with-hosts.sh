#!/bin/sh
# with-hosts.sh COMMAND: runs it where /etc/hosts has a name with two addresses, two-doors.
set -e
unshare -Urm sh -c '
    mount -t tmpfs none /mnt
    printf "127.0.0.2 two-doors\n127.0.0.3 two-doors\n" > /mnt/hosts
    mount --bind /mnt/hosts /etc/hosts
    exec "$@"' sh "$@"

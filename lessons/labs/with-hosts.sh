#!/bin/sh
# with-hosts.sh COMMAND: runs COMMAND with an /etc/hosts in which two-doors has two addresses.
set -e
unshare -Urm sh -c '
    mount -t tmpfs none /mnt
    printf "127.0.0.2 two-doors\n127.0.0.3 two-doors\n" > /mnt/hosts
    mount --bind /mnt/hosts /etc/hosts
    exec "$@"' sh "$@"

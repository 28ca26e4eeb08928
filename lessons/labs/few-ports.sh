#!/bin/sh
# few-ports.sh COMMAND: runs COMMAND in a network of its own, where clients have only four ports.
set -e
unshare -Urn sh -c '
    ip link set lo up
    echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range
    exec "$@"' sh "$@"

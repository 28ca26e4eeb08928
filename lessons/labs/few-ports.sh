#!/bin/sh
# few-ports.sh COMMAND: runs it in a network of its own, where clients have four ports to choose from.
set -e
unshare -Urn sh -c '
    ip link set lo up
    echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range
    exec "$@"' sh "$@"

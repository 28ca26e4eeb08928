#!/bin/sh
# Two machines joined by a wire, for as long as this runs: left is 10.0.0.1, right is 10.0.0.2.
# on.sh runs commands on them.
#
# Each machine is a network namespace (network_namespaces(7)): it has interfaces, addresses, ports
# and neighbours of its own. It shares files and users with your machine.
set -e

# This script enters a network and a mount namespace of its own, so that nothing of it is seen
# outside and the kernel removes everything at its end. For an ordinary user it also makes a user
# namespace, in which that user is root.
if [ -z "$IN_LAB" ]; then
    [ "$(id -u)" = 0 ] || user=--map-root-user
    IN_LAB=yes exec unshare $user --net --mount sh "$0"
fi
# `ip netns` keeps the names of namespaces in /run/netns, and this /run is ours.
mount -t tmpfs lab /run

# ANCHOR: machines
ip netns add left
ip netns add right

# The wire: a frame that goes in at one end comes out at the other (veth(4)).
ip -n left link add wire type veth peer name wire netns right

# The kernel would choose random addresses. The second digit, 2, marks them as chosen by us.
ip -n left link set wire address 02:00:00:00:00:01
ip -n right link set wire address 02:00:00:00:00:02

ip -n left address add 10.0.0.1/24 broadcast 10.0.0.255 dev wire
ip -n right address add 10.0.0.2/24 broadcast 10.0.0.255 dev wire
for machine in left right; do
    ip -n $machine link set lo up
    ip -n $machine link set wire addrgenmode none up
done

# The link-local addresses of IPv6. The kernel would take some seconds to make them.
ip -n left address add fe80::1/64 dev wire nodad
ip -n right address add fe80::2/64 dev wire nodad
# ANCHOR_END: machines

# An address of IPv6 is tentative until it can be used.
for machine in left right; do
    until [ -z "$(ip -n $machine -6 address show tentative)" ]; do sleep 0.1; done
done

# on.sh finds the lab by this file.
echo $$ >two-machines.pid
trap 'rm -f two-machines.pid' EXIT
trap 'exit 0' HUP INT TERM
echo 'left is 10.0.0.1, right is 10.0.0.2. Ctrl-C takes them apart.'

# This process ends with the script, however that ends, and the namespaces end with it.
setpriv --pdeathsig KILL sleep infinity &
wait

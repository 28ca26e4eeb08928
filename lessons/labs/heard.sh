#!/bin/sh
# heard.sh MACHINE COUNT COMMAND: runs COMMAND on left, and shows the first COUNT frames that
# MACHINE receives: destination and source MAC, type, and the fields inside that matter. With TYPE in
# the environment, it shows the frames of this type alone.
set -e
machine=$1 count=$2
shift 2
on="sh $(dirname "$0")/on.sh"
log=$(mktemp)
trap 'kill $! 2>/dev/null; rm -f "$log"' EXIT

# socat writes down every frame that passes its end of the wire, in hexadecimal.
$on "$machine" timeout 10 socat -d -d -u -x INTERFACE:wire /dev/null 2>"$log" &
until grep -q 'starting data transfer' "$log"; do sleep 0.1; done

$on left "$@" || true

# Leaves out the machine's own frames, and those that hosts send by themselves.
own=$($on "$machine" cat /sys/class/net/wire/address)
frames() {
    awk -v own="$own" -v count="$count" -v type="$TYPE" '
        function bytes(first, many) { return substr($0, 2 * first + 1, 2 * many) }
        function mac(first) {
            return bytes(first, 1) ":" bytes(first + 1, 1) ":" bytes(first + 2, 1) ":" \
                bytes(first + 3, 1) ":" bytes(first + 4, 1) ":" bytes(first + 5, 1)
        }
        !/^ / { next }
        { gsub(" ", "") }
        mac(6) == own || type && bytes(12, 2) != type { next }
        { what = "" }
        bytes(12, 2) == "0806" {
            what = "ARP " bytes(14, 2) " " bytes(16, 2) " " bytes(18, 1) " " bytes(19, 1) " " \
                bytes(20, 2) " " bytes(22, 6) " " bytes(28, 4) " " bytes(32, 6) " " bytes(38, 4)
        }
        bytes(12, 2) == "0800" && bytes(23, 1) ~ /06|11/ {
            what = "IPv4 from " bytes(26, 4) " to " bytes(30, 4)
        }
        bytes(12, 2) == "86dd" && bytes(20, 1) ~ /06|11/ {
            what = "IPv6 from " bytes(22, 16) " to " bytes(38, 16)
        }
        bytes(12, 2) == "86dd" && bytes(20, 1) == "3a" && bytes(54, 1) ~ /87|88/ {
            what = "ICMPv6 " bytes(54, 1) " about " bytes(62, 16)
        }
        what {
            print "to " mac(0) " from " mac(6) " type " bytes(12, 2)
            print "   " what
            if (++shown == count) exit
        }' "$log"
}
until [ "$(frames | wc -l)" = $((2 * count)) ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
frames

"""forge.py SOURCE DESTINATION COUNT BYTES: sends datagrams that say they come from SOURCE.

Both are HOST:PORT of IPv4, and the bytes are in hexadecimal. Headers are written by hand, which
takes a raw socket (raw(7)) and so a root.
"""

import socket
import struct
import sys

source, destination, count, payload = sys.argv[1:]


def place(text):
    host, port = text.rsplit(":", 1)
    return socket.inet_aton(host), int(port)


(source_host, source_port), (host, port) = place(source), place(destination)
payload = bytes.fromhex(payload)
length = 8 + len(payload)
# A checksum of 0 means that there is none (RFC 768).
datagram = struct.pack("!HHHH", source_port, port, length, 0) + payload
# The kernel fills in what is 0 here: the identification and the checksum (raw(7)).
header = struct.pack(
    "!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0, source_host, host
)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for _ in range(int(count)):
    raw.sendto(header + datagram, (socket.inet_ntoa(host), 0))

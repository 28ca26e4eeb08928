"""forge.py SOURCE DESTINATION COUNT BYTES: sends datagrams with the forged source SOURCE.

Both are HOST:PORT of IPv4, and the bytes are in hexadecimal. The script writes the headers itself,
which needs a raw socket (raw(7)) and so root.
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
# A checksum of 0 means "no checksum" (RFC 768).
datagram = struct.pack("!HHHH", source_port, port, length, 0) + payload
# The kernel fills in the fields that are 0: the identification and the checksum (raw(7)).
header = struct.pack(
    "!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0, source_host, host
)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for _ in range(int(count)):
    raw.sendto(header + datagram, (socket.inet_ntoa(host), 0))

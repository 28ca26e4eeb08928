"""capture.py INTERFACE: prints ready, and then every frame on the interface, in hexadecimal.

A packet socket (packet(7)) sees sent and received frames. It needs root, which may be the root of a
user namespace.
"""

import socket
import sys

EVERYTHING = 0x0003  # ETH_P_ALL

capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
capture.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    print(capture.recv(65536).hex(), flush=True)

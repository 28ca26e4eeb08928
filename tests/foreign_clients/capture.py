"""capture.py INTERFACE: says ready, and then shows every frame that passes, in hexadecimal.

A packet socket (packet(7)) sees what is sent as well as what arrives. It takes a root, and that of
a user namespace will do.
"""

import socket
import sys

EVERYTHING = 0x0003  # ETH_P_ALL

capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
capture.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    print(capture.recv(65536).hex(), flush=True)

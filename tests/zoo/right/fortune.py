"""Fortunes, with a thread for each client."""

import random
import socket
import sys
import threading

FORTUNES = [
    "A stream has no messages.\r\nIt has bytes, and an end.\r\n",
    "What you have written is not what they have read.\r\n",
]


def serve(connection):
    with connection:
        try:
            connection.sendall(random.choice(FORTUNES).encode())
            connection.shutdown(socket.SHUT_WR)
            # Closing with unread input would send a reset, which can overtake the fortune.
            connection.settimeout(2)
            while connection.recv(65536):
                pass
        except OSError:
            pass  # This client alone is lost.


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()

"""Frames, with a thread for each client."""

import socket
import struct
import sys
import threading

LARGEST = 1 << 20


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def refuse(connection, reason):
    connection.sendall(struct.pack("!II", 0, len(reason)) + reason.encode())
    connection.shutdown(socket.SHUT_WR)
    # Closing with unread input would send a reset, which can overtake the reason.
    connection.settimeout(2)
    while connection.recv(65536):
        pass


def serve(connection):
    with connection:
        try:
            while True:
                version, size = struct.unpack("!II", read_exactly(connection, 8))
                if version != 1:
                    return refuse(connection, f"version {version} is not known, only 1 is")
                if size > LARGEST:
                    return refuse(connection, f"a frame holds at most {LARGEST} bytes")
                connection.sendall(struct.pack("!II", 1, size))
                while size > 0:
                    data = connection.recv(min(size, 65536))
                    if not data:
                        return None
                    connection.sendall(data)
                    size -= len(data)
        except (OSError, EOFError):
            return None  # This client alone is lost.


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()

"""Uploads, with a thread for each client."""

import os
import socket
import struct
import sys
import tempfile
import threading

LARGEST = 16 << 20
DIRECTORY = sys.argv[2]


class Refused(Exception):
    pass


def check_name(name):
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise Refused("the name is no UTF-8") from None
    if not 1 <= len(text) <= 32:
        raise Refused("a name has 1 to 32 characters")
    if text.startswith(".") or any(c in "/\\" or not c.isprintable() for c in text):
        raise Refused("the name is not allowed")
    return text


def store(stream):
    name = check_name(stream.readline(200).removesuffix(b"\n"))
    header = stream.read(5)
    if len(header) < 5:
        raise EOFError
    (size,) = struct.unpack("!I", header[:4])
    if size > LARGEST:
        raise Refused(f"a file has at most {LARGEST} bytes")
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    with tempfile.NamedTemporaryFile(dir=DIRECTORY, prefix=".part-") as file:
        file.write(data)
        file.flush()
        try:
            os.link(file.name, os.path.join(DIRECTORY, name))
        except FileExistsError:
            raise Refused("there is a file of this name") from None
    return f"stored {name} {size}\r\n"


def serve(connection):
    with connection:
        try:
            try:
                answer = store(connection.makefile("rb"))
            except Refused as refused:
                answer = f"refused: {refused}\r\n"
            except EOFError:
                return
            connection.sendall(answer.encode())
            connection.shutdown(socket.SHUT_WR)
            # Closing with unread input would send a reset, which can overtake the answer.
            connection.settimeout(2)
            while connection.recv(65536):
                pass
        except OSError:
            pass  # This client alone is lost.


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()

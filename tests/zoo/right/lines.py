"""Lines, with a thread for each client."""

import socket
import sys
import threading

from line_reader import TIMING_MARK, TOO_LONG, LineReader


def answer(line):
    if line is TIMING_MARK:
        return b"\xff\xfc\x06"
    if line is TOO_LONG:
        return b"* a line has at most 1024 bytes; that one was dropped\r\n"
    return f"=> {line}\r\n".encode()


def serve(connection):
    lines = LineReader()
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(b"".join(map(answer, lines.feed(data))))
            connection.sendall(b"".join(map(answer, lines.end())))
        except OSError:
            pass  # This client alone is lost.


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()

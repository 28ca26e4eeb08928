import socket
import sys
import threading


def serve(client):
    with client:
        while data := client.recv(65536):
            client.sendall(data)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,)).start()

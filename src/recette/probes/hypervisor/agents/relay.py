"""Agent: joins its own input and output to a TCP connection that it opens from where it runs."""

import json
import os
import socket
import sys
import threading

CHUNK = 65536


def main() -> None:
    """Until either side closes."""
    source = sys.stdin.buffer
    wish = json.loads(source.readline())
    channel = socket.create_connection((wish["host"], wish["port"]), wish["connect_s"])
    channel.settimeout(None)

    def up() -> None:
        while data := source.read1(CHUNK):  # type: ignore[union-attr] # a buffered reader
            channel.sendall(data)
        channel.shutdown(socket.SHUT_WR)

    threading.Thread(target=up, daemon=True).start()
    while data := channel.recv(CHUNK):
        while data:
            data = data[os.write(1, data) :]


main()

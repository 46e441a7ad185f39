"""Frames put on a link as they are. Payload: {"interface", "frames": [hexadecimal]}. Prints how many left."""

from __future__ import annotations

import json
import socket
import sys


def main() -> None:
    asked = json.load(sys.stdin)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind((asked["interface"], 0))
        sent = sum(link.send(frame) == len(frame) for frame in map(bytes.fromhex, asked["frames"]))
    json.dump(sent, sys.stdout)


if __name__ == "__main__":
    main()

"""Answers every question about the exchange's name with its address, and knows nothing else."""

import socket
import struct

ADDRESS = "10.94.50.31"
A_RECORD, FOUND, ABSENT = 1, b"\x81\x80", b"\x81\x83"

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
    door.bind((ADDRESS, 53))
    while True:
        question, asker = door.recvfrom(512)
        end = question.index(b"\0", 12) + 5
        known = question[end - 4 : end - 2] == struct.pack(">H", A_RECORD) and b"\x03pbx\x08molecule" in question
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(ADDRESS) if known else b""
        head = question[:2] + (FOUND if known else ABSENT) + struct.pack(">HHHH", 1, int(known), 0, 0)
        door.sendto(head + question[12:end] + record, asker)

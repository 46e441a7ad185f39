"""SRTP as telephones use it (RFC 3711, keys by SDES of RFC 4568): packets authenticated and deciphered."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

TAGS = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}
"""Bytes of the authentication tag of each suite."""
KEY, SALT, AUTH = 16, 14, 20
ENCRYPTION, AUTHENTICATION, SALTING = 0, 1, 2
"""Labels of the key derivation (RFC 3711, 4.3.2)."""
HALF, WHOLE = 1 << 15, 1 << 16


def keystream(key: bytes, counter: int, size: int) -> bytes:
    """`size` bytes of AES in counter mode from a 128-bit counter block."""
    return Cipher(AES(key), CTR(counter.to_bytes(16, "big"))).encryptor().update(bytes(size))


def derive(master: bytes, label: int, size: int) -> bytes:
    """A session key from a master key followed by its salt, key derivation rate 0."""
    salt = int.from_bytes(master[KEY : KEY + SALT], "big")
    return keystream(master[:KEY], (salt ^ label << 48) << 16, size)


@dataclass(slots=True)
class Session:
    """One direction of one SSRC under one master key: packets in, payloads out."""

    suite: str
    master: bytes = field(repr=False)
    _key: bytes = field(init=False, repr=False)
    _auth: bytes = field(init=False, repr=False)
    _salt: int = field(init=False, repr=False)
    _highest: int | None = field(init=False, default=None)
    """Extended sequence number, roll-overs included."""

    def __post_init__(self) -> None:
        self._key = derive(self.master, ENCRYPTION, KEY)
        self._auth = derive(self.master, AUTHENTICATION, AUTH)
        self._salt = int.from_bytes(derive(self.master, SALTING, SALT), "big")

    def open(self, packet: bytes, offset: int) -> bytes | None:
        """The payload of a packet whose headers take `offset` bytes; None if it is not authentic."""
        size = TAGS[self.suite]
        if len(packet) < offset + size:
            return None
        signed, tag = packet[:-size], packet[-size:]
        sequence = int.from_bytes(packet[2:4], "big")
        index = self._index(sequence)
        rolls = index >> 16
        if not hmac.compare_digest(hmac.digest(self._auth, signed + rolls.to_bytes(4, "big"), "sha1")[:size], tag):
            return None
        self._highest = index if self._highest is None else max(index, self._highest)
        source = int.from_bytes(packet[8:12], "big")
        counter = self._salt << 16 ^ source << 64 ^ index << 16
        cipher = signed[offset:]
        stream = keystream(self._key, counter, len(cipher))
        return (int.from_bytes(cipher, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(cipher), "big")

    def _index(self, sequence: int) -> int:
        """RFC 3711, 3.3.1: the roll-over counter that puts a packet nearest to the highest one."""
        if self._highest is None:
            return sequence
        rolls, last = self._highest >> 16, self._highest & (WHOLE - 1)
        if last < HALF and sequence - last > HALF:
            rolls -= 1
        elif last >= HALF and last - HALF > sequence:
            rolls += 1
        return max(0, rolls) << 16 | sequence

"""Identities of age, derived from a secret: the safe of a twin. A real site draws its own and locks it away."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
CHECKSUM_LENGTH, WIDTH, BYTE = 6, 5, 8
RECIPIENT, IDENTITY = "age", "age-secret-key-"


def identity(secret: bytes) -> str:
    """The private half, of 32 bytes of secret."""
    return bech32(IDENTITY, secret).upper()


def recipient(secret: bytes) -> str:
    """The public half: whoever holds it can seal, and open nothing."""
    public = X25519PrivateKey.from_private_bytes(secret).public_key()
    return bech32(RECIPIENT, public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def bech32(prefix: str, data: bytes) -> str:
    """Text of some bytes, as BIP 173 writes it."""
    groups = _groups(data)
    expanded = [ord(each) >> WIDTH for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    checksum = _polymod([*expanded, *groups, *[0] * CHECKSUM_LENGTH]) ^ 1
    check = [checksum >> WIDTH * (CHECKSUM_LENGTH - 1 - place) & 31 for place in range(CHECKSUM_LENGTH)]
    return f"{prefix}1{''.join(CHARACTERS[each] for each in (*groups, *check))}"


def _groups(data: bytes) -> list[int]:
    """The bits, five by five, the last group filled with zeros."""
    bits = "".join(f"{each:0{BYTE}b}" for each in data)
    bits += "0" * (-len(bits) % WIDTH)
    return [int(bits[place : place + WIDTH], 2) for place in range(0, len(bits), WIDTH)]


def _polymod(values: list[int]) -> int:
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << WIDTH ^ value
        for place, factor in enumerate(GENERATOR):
            found ^= factor if top >> place & 1 else 0
    return found

"""What RTP payloads sound like: samples of 16 bits at 8,000 Hz, from G.711 and from Opus."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recette.errors import Inconclusive

Samples = NDArray[np.int16]

RATE = 8000
LONGEST = RATE * 120 // 1000
"""Samples of the longest Opus packet (RFC 6716: 120 ms)."""


def _a_law(code: int) -> int:
    """ITU-T G.711, A-law."""
    code ^= 0x55
    exponent, mantissa = (code & 0x70) >> 4, (code & 0x0F) << 4
    level = mantissa + 8 if not exponent else (mantissa + 0x108) << (exponent - 1)
    return level if code & 0x80 else -level


def _mu_law(code: int) -> int:
    """ITU-T G.711, mu-law."""
    code = ~code & 0xFF
    level = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -level if code & 0x80 else level


A_LAW = np.array([_a_law(code) for code in range(256)], dtype=np.int16)
MU_LAW = np.array([_mu_law(code) for code in range(256)], dtype=np.int16)


def decoder(name: str) -> Callable[[bytes], Samples]:
    """What turns the payloads of one stream, in their order, into samples. Inconclusive for an unknown codec."""
    if name == "PCMA":
        return lambda payload: A_LAW[np.frombuffer(payload, np.uint8)]
    if name == "PCMU":
        return lambda payload: MU_LAW[np.frombuffer(payload, np.uint8)]
    if name == "OPUS":
        return Opus().decode
    raise Inconclusive(f"Codec « {name} » : le banc ne sait pas l'écouter")


class Opus:
    """A decoder of libopus, which keeps what it heard before."""

    def __init__(self) -> None:
        library, error = _library(), ctypes.c_int()
        self._state = ctypes.create_string_buffer(library.opus_decoder_get_size(1))
        if library.opus_decoder_init(self._state, RATE, 1):
            raise Inconclusive(f"libopus : décodeur refusé ({error.value})")

    def decode(self, payload: bytes) -> Samples:
        """Empty for a payload that is no Opus."""
        sound = (ctypes.c_int16 * LONGEST)()
        count = _library().opus_decode(self._state, payload, len(payload), sound, LONGEST, 0)
        return np.array(sound[: max(0, count)], dtype=np.int16)


@cache
def _library() -> Any:
    name = ctypes.util.find_library("opus")
    if name is None:
        raise Inconclusive("libopus n'est pas installée sur le poste de recette : `make setup`")
    return ctypes.CDLL(name)

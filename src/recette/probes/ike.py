"""What an IKE gateway accepts to negotiate: one offer a datagram, from a stranger, before anybody proves who he is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import truediv

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from scapy.contrib.ikev2 import IKEv2, IKEv2_KE, IKEv2_Nonce, IKEv2_Notify, IKEv2_Proposal, IKEv2_SA, IKEv2_Transform
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_Proposal, ISAKMP_payload_SA, ISAKMP_payload_Transform
from scapy.packet import Packet

from recette.errors import Inconclusive
from recette.probes.agents import source as agent
from recette.shell import Remote

PORT = 500
LIMIT_S = 2.0
"""A gateway answers a first message in milliseconds, or never."""

ENCRYPTION, FUNCTION, INTEGRITY, GROUP = 1, 2, 3, 4
"""Types of transform (RFC 7296, 3.3.2)."""
AES_256 = 256
KEYED = 12
"""Bytes of a transform that says how long its key is: scapy leaves the attribute out of a shorter one."""
MODP_BYTES = {2: 128, 5: 192, 14: 256}
CURVES: dict[int, type[ec.EllipticCurve]] = {19: ec.SECP256R1, 20: ec.SECP384R1}
SA_INIT, INITIATOR = 34, 8
NO_PROPOSAL_CHOSEN, COOKIE = 14, 16390
COOKIES = 2
"""How often a cookie is brought back: the first one may be out of date by then."""
VERSION_AT = 17
"""Place of the version in a message of either version: the major one is its upper half."""
MAIN_MODE, PROPOSAL, TRANSFORM = 2, 2, 3


class Reply(StrEnum):
    """What became of an offer, in French: a report shows it."""

    ACCEPTED = "acceptée"
    REFUSED = "refusée"
    SILENCE = "laissée sans réponse"


@dataclass(frozen=True, slots=True)
class Offer:
    """Algorithms offered in IKEv2, by their IANA numbers; `group` is also that of the key sent with the offer.

    `encryption` and its key length in bits (0 where the algorithm has one only). Without `group`, the offer is IKEv1's.
    """

    name: str
    encryption: tuple[int, int] = (20, AES_256)
    function: int = 6
    integrity: int | None = None
    group: int | None = 20

    def packet(self) -> Packet:
        """The first message of a negotiation."""
        return self._version_2(self.group) if self.group else _version_1()

    def _version_2(self, group: int) -> Packet:
        cipher, bits = self.encryption
        transforms = [
            _cipher(cipher, bits),
            IKEv2_Transform(transform_type=FUNCTION, transform_id=self.function),
            *([IKEv2_Transform(transform_type=INTEGRITY, transform_id=self.integrity)] if self.integrity else []),
            IKEv2_Transform(transform_type=GROUP, transform_id=group),
        ]
        for each in transforms[:-1]:
            each.next_payload = TRANSFORM
        proposal = IKEv2_Proposal(proto=1, trans_nb=len(transforms), trans=reduce(truediv, transforms))
        header = IKEv2(init_SPI=os.urandom(8), exch_type=SA_INIT, flags=INITIATOR)
        key = IKEv2_KE(group=group, ke=_public_key(group))
        return header / IKEv2_SA(prop=proposal) / key / IKEv2_Nonce(nonce=os.urandom(32))


def _cipher(number: int, bits: int) -> Packet:
    if not bits:
        return IKEv2_Transform(transform_type=ENCRYPTION, transform_id=number)
    return IKEv2_Transform(length=KEYED, transform_type=ENCRYPTION, transform_id=number, key_length=bits)


def _public_key(group: int) -> bytes:
    if group in MODP_BYTES:
        return b"\x02" + os.urandom(MODP_BYTES[group] - 1)
    key = ec.generate_private_key(CURVES[group]()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def _version_1() -> Packet:
    offered = [("Encryption", "AES-CBC"), ("KeyLength", AES_256), ("Hash", "SHA"), ("GroupDesc", "1536MODPgr")]
    transform = ISAKMP_payload_Transform(transforms=[*offered, ("Authentication", "RSA Sig")])
    proposal = ISAKMP_payload_Proposal(trans_nb=1, trans=transform)
    return ISAKMP(init_cookie=os.urandom(8), exch_type=MAIN_MODE) / ISAKMP_payload_SA(prop=proposal)


STRONG = Offer("AES-GCM 256, PRF SHA-384, ECP 384")
"""What the site asks for: to be accepted wherever the others are refused, or nothing was proved."""


def offer(remote: Remote, source: str, address: str, offers: Sequence[Offer]) -> dict[str, Reply]:
    """What a gateway answers to each offer made from a host. Inconclusive if the host cannot be asked."""

    def ask(messages: list[Packet]) -> list[Packet | None]:
        sent = [bytes(each).hex() for each in messages]
        asked = {"address": address, "port": PORT, "messages": sent, "limit_s": LIMIT_S}
        told = remote.python(source, agent("datagrams"), asked, timeout_s=LIMIT_S * len(sent) + 20)
        return [None if each is None else _parsed(bytes.fromhex(each)) for each in told]

    messages = [each.packet() for each in offers]
    answers = ask(messages)
    # A busy gateway asks first whether somebody stands behind the address; it looks at the offer afterwards.
    for _ in range(COOKIES):
        asking = [rank for rank, answer in enumerate(answers) if _wants_cookie(answer)]
        again = ask([with_cookie(messages[rank], answers[rank]) for rank in asking]) if asking else []
        for rank, answer in zip(asking, again, strict=True):
            answers[rank] = answer
    if any(_wants_cookie(answer) for answer in answers):
        raise Inconclusive(f"{address} : la passerelle demande un témoin de plus à chaque offre")
    return {each.name: read(answer) for each, answer in zip(offers, answers, strict=True)}


def _parsed(answer: bytes) -> Packet:
    """An answer, in the version that it says it is."""
    return ISAKMP(answer) if answer[VERSION_AT] >> 4 == 1 else IKEv2(answer)


def _wants_cookie(answer: Packet | None) -> bool:
    return answer is not None and IKEv2_Notify in answer and answer[IKEv2_Notify].type == COOKIE


def with_cookie(message: Packet, answer: Packet | None) -> Packet:
    """The same message, with the cookie that the answer asks for if it does (RFC 7296, 2.6)."""
    if answer is None or not _wants_cookie(answer):
        return message
    header = message.copy()
    header.remove_payload()
    del header.next_payload  # computed anew from what follows
    return header / IKEv2_Notify(type=COOKIE, notify=answer[IKEv2_Notify].notify) / message.payload


def read(answer: Packet | None) -> Reply:
    """What an answer means: whoever chooses a proposal accepts."""
    if answer is None:
        return Reply.SILENCE
    return Reply.ACCEPTED if IKEv2_SA in answer or ISAKMP_payload_SA in answer else Reply.REFUSED

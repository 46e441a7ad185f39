"""A roaming user at his laptop: what happens when he connects, and what he then has."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
from dataclasses import dataclass
from ipaddress import IPv4Address

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from recette.shell import Remote

STEP_S, DIGITS = 30, 6
"""RFC 6238, as the RADIUS servers expect it."""
LIMIT_S = 60.0
LENT = re.compile(r"installing new virtual IP (\S+)")
REFUSALS = ("AUTHENTICATION_FAILED", "EAP_FAILURE", "AUTH_FAILED")
SEEN = "cat /etc/resolv.conf; printf '\\036'; ip -json -4 address show; printf '\\036'; ip -json route get {outside}"


@dataclass(frozen=True, slots=True)
class Badge:
    """What somebody types: his login, his password and the code that his telephone shows."""

    login: str
    password: str
    code: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection, accepted or not, and how long the user waited."""

    accepted: bool
    duration_s: float
    said: str

    @property
    def refused(self) -> bool:
        """Whether the gateway said no: silence, or a network that is away, is no refusal."""
        return not self.accepted and any(word in self.said for word in REFUSALS)

    @property
    def answer(self) -> str:
        """The last word of the gateway, the same whatever was wrong if it tells nothing."""
        told = [line for line in self.said.splitlines() if any(word in line for word in REFUSALS)]
        return told[-1] if told else "aucune réponse"

    @property
    def lent(self) -> str:
        """The address lent by the gateway, empty if none was."""
        found = LENT.search(self.said)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Connected:
    """What a laptop has while connected: addresses, resolvers, and the interface toward the Internet."""

    addresses: tuple[IPv4Address, ...]
    resolvers: tuple[str, ...]
    way_out: str


def code(secret: str, step: int = 0) -> str:
    """The code of a secret (base32), `step` thirty-second steps from now."""
    generator = TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_S)  # noqa: S303 - the RFC's own function
    return generator.generate(int(time.time()) + step * STEP_S).decode("ascii")


def connect(remote: Remote, laptop: str, badge: Badge) -> Attempt:
    """Connect as the user does. Inconclusive if the laptop cannot be asked."""
    began = time.monotonic()
    typed = f"{badge.password}\n{badge.code}\n"
    done = remote.run(laptop, f"vpn-connexion {shlex.quote(badge.login)}", stdin=typed, timeout_s=LIMIT_S)
    return Attempt(done.rc == 0, time.monotonic() - began, done.stdout + done.stderr)


def disconnect(remote: Remote, laptop: str) -> None:
    """Let the laptop go."""
    remote.run(laptop, "vpn-deconnexion", timeout_s=LIMIT_S)


def seen(remote: Remote, laptop: str, outside: str) -> Connected:
    """What the laptop has now; `outside` is an address of the Internet."""
    told = remote.run(laptop, SEEN.format(outside=outside)).stdout
    resolvers, addresses, route = told.split("\x1e")
    found = (info["local"] for link in json.loads(addresses) for info in link.get("addr_info", ()) if "local" in info)
    return Connected(
        addresses=tuple(IPv4Address(each) for each in found),
        resolvers=tuple(re.findall(r"^nameserver (\S+)", resolvers, re.MULTILINE)),
        way_out=json.loads(route)[0]["dev"],
    )

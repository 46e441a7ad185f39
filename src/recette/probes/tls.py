"""What a server accepts of TLS: versions, suites, certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from recette.probes.agents import source
from recette.shell import Remote

DAY_S = 86400.0
REFUSED_BY_SERVER = frozenset(
    {
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "UNEXPECTED_EOF_WHILE_READING",
        "ConnectionResetError",
    }
)
"""An alert of the other end, or its hanging up once it has read what it was offered; anything else proves nothing."""


class Version(StrEnum):
    """Versions of the protocol, as Python names them; `BEST` lets both ends choose."""

    BEST = ""
    TLS_1_0 = "TLSv1"
    TLS_1_1 = "TLSv1_1"
    TLS_1_2 = "TLSv1_2"
    TLS_1_3 = "TLSv1_3"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port that speaks TLS, at once or once SMTP asked for it; `name` is the one that its certificate must bear."""

    address: str
    port: int
    name: str
    starttls: bool = False

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Handshake:
    """One attempt. `error` is empty when it succeeded with a certificate that the site's trust anchor vouches for."""

    endpoint: Endpoint
    asked: Version
    version: str
    cipher: str
    lifetime_days: float
    error: str
    reason: str

    @property
    def accepted(self) -> bool:
        return not self.error

    @property
    def refused(self) -> bool:
        """Whether the server itself said no."""
        return self.reason in REFUSED_BY_SERVER

    @property
    def forward_secret(self) -> bool:
        """Whether the key exchange was ephemeral."""
        return self.version == "TLSv1.3" or self.cipher.startswith(("ECDHE-", "DHE-"))

    @property
    def authenticated(self) -> bool:
        """Whether the cipher is an AEAD."""
        return self.version == "TLSv1.3" or self.cipher.endswith(("GCM-SHA256", "GCM-SHA384", "POLY1305"))


def handshakes(
    remote: Remote, origin: str, endpoints: Sequence[Endpoint], versions: Sequence[Version], anchor: str
) -> tuple[Handshake, ...]:
    """Every version on every endpoint, from one host; Inconclusive if that host cannot be asked."""
    asked = [(endpoint, version) for endpoint in endpoints for version in versions]
    payload = [
        {
            "address": end.address,
            "port": end.port,
            "name": end.name,
            "version": version.value,
            "ca": anchor,
            "starttls": end.starttls,
        }
        for end, version in asked
    ]
    told = remote.python(origin, source("tls"), payload, timeout_s=60.0)
    return tuple(_handshake(end, version, one) for (end, version), one in zip(asked, told, strict=True))


def _handshake(endpoint: Endpoint, asked: Version, told: dict[str, Any]) -> Handshake:
    lifetime = (told.get("expires", 0.0) - told.get("starts", 0.0)) / DAY_S
    version, cipher = str(told.get("version", "")), str(told.get("cipher", ""))
    return Handshake(endpoint, asked, version, cipher, lifetime, told["error"], told["reason"])

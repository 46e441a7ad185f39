"""SIP messages as a telephone's trace shows them (RFC 3261): only what a judgement needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

STATUS = re.compile(r"SIP/2\.0 (\d{3}) ?(.*)")
IDENTITY = re.compile(r'(?:"([^"]*)"|([^<"]*?))\s*<sips?:([^@;>]+)')


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `at_s` in seconds of the host's CLOCK_MONOTONIC."""

    at_s: float
    sent: bool
    code: int | None
    """Of an answer; None for a request."""
    reason: str
    method: str
    """Of the request, or of the request that an answer answers."""
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, text: str, *, sent: bool, at_s: float) -> Message:
        """Read a message; nothing in it is trusted to be well formed."""
        head, _, body = text.replace("\r\n", "\n").partition("\n\n")
        first, *rest = head.split("\n")
        headers = tuple(
            (name.strip(), value.strip()) for name, colon, value in (h.partition(":") for h in rest) if colon
        )
        status = STATUS.match(first)
        sequence = next((value for name, value in headers if name.lower() == "cseq"), "")
        method = sequence.rpartition(" ")[2] if status else first.partition(" ")[0]
        return cls(at_s, sent, int(status[1]) if status else None, status[2] if status else "", method, headers, body)

    def header(self, name: str) -> str:
        """The first header of that name, empty if there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    @property
    def call_id(self) -> str:
        return self.header("Call-ID")

    def identity(self, name: str) -> tuple[str, str] | None:
        """Number and display name of an identity header; None if it is not there."""
        found = IDENTITY.search(self.header(name))
        return (found[3], (found[1] or found[2] or "").strip()) if found else None

"""What resolvers answer, asked from the hosts that may ask them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recette.probes.agents import source
from recette.shell import Remote

PATIENCE_S = 3.0
FOUND, UNKNOWN, SILENT = 0, 3, -1
"""Codes of an answer (RFC 1035), and that of the agent when none came."""


@dataclass(frozen=True, slots=True)
class Question:
    """A name, and the address of the resolver that is asked."""

    resolver: str
    name: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a host was told."""

    question: Question
    code: int
    addresses: tuple[str, ...]
    authoritative: bool

    def __str__(self) -> str:
        told = {FOUND: ", ".join(self.addresses) or "aucune adresse", UNKNOWN: "nom inconnu", SILENT: "aucune réponse"}
        return told.get(self.code, f"code {self.code}")


def resolve(remote: Remote, questions: Mapping[str, Sequence[Question]]) -> dict[str, tuple[Resolution, ...]]:
    """Each host asks its questions, all hosts side by side; Inconclusive if a host cannot be asked."""
    payloads = {
        host: {"questions": [[one.resolver, one.name] for one in asked], "limit_s": PATIENCE_S}
        for host, asked in questions.items()
    }
    told = remote.map_python(source("resolve"), payloads, timeout_s=120.0)
    return {
        host: tuple(
            Resolution(one, answer["code"], tuple(answer["addresses"]), answer["authoritative"])
            for one, answer in zip(asked, told[host], strict=True)
        )
        for host, asked in questions.items()
    }

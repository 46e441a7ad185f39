"""Settings of a host that is copied, as the role wrote them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/sauvegarde-client/reglages.json")
"""Readable by root alone: it holds the keys."""


LISTS = ("paths", "excluded", "databases", "images", "units", "others")


@dataclass(frozen=True)
class DataSet:
    """What is copied together, how old a copy may be, and what makes it coherent."""

    name: str
    rpo_minutes: int
    kind: str = "fichiers"
    paths: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    """PostgreSQL: names. SQLite: paths."""
    images: tuple[str, ...] = ()
    """Ceph: POOL/IMAGE."""
    units: tuple[str, ...] = ()
    """Stopped while the set is restored in place, started afterwards."""
    others: tuple[str, ...] = ()
    """Directory: addresses of the other controllers, none of which may serve while it is restored."""
    rto_minutes: int = 0


@dataclass(frozen=True)
class Store:
    """The repository of one host."""

    host: str
    """Also its account."""
    access: str
    key: str
    sets: tuple[DataSet, ...]
    address: str = ""
    """Where the host is collected, if it does not speak to the server itself."""


@dataclass(frozen=True)
class Settings:
    """Everything that the program needs to know."""

    url: str
    authority: str
    stores: tuple[Store, ...]
    """Of the host itself, then of those that it collects."""
    archived: tuple[DataSet, ...] = ()
    """What the host hands over to who collects it."""
    identity: str = "/etc/sauvegarde-client/releve"
    collector_account: str = "releve"
    staging: Path = field(default=Path("/var/lib/sauvegarde-client/etape"))
    archives: Path = field(default=Path("/var/lib/sauvegarde-client/envoi"))
    state: Path = field(default=Path("/var/lib/sauvegarde-client/etat.json"))
    hosts: Path = field(default=Path("/var/lib/sauvegarde-client/hotes-connus"))
    """Keys of the collected hosts, learnt at the first collection."""
    cache: Path = field(default=Path("/var/cache/sauvegarde-client"))
    restic: str = "restic"


def read() -> Settings:
    """The settings; SAUVEGARDE_CLIENT_REGLAGES names another file than that of the role."""
    path = Path(os.environ.get("SAUVEGARDE_CLIENT_REGLAGES", SETTINGS))
    return parse(json.loads(path.read_text(encoding="utf-8")))


def parse(told: dict[str, Any]) -> Settings:
    """Settings of what was read; an unknown name is an error."""
    values = dict(told)
    values["stores"] = tuple(_store(each) for each in told["stores"])
    values["archived"] = _sets(told.get("archived", []))
    values |= {name: Path(told[name]) for name in ("staging", "archives", "state", "hosts", "cache") if name in told}
    return Settings(**values)


def _store(told: dict[str, Any]) -> Store:
    values = dict(told)
    values["sets"] = _sets(told["sets"])
    return Store(**values)


def _sets(told: list[dict[str, Any]]) -> tuple[DataSet, ...]:
    found = []
    for each in told:
        values = dict(each)
        values |= {name: tuple(each[name]) for name in LISTS if name in each}
        found.append(DataSet(**values))
    return tuple(found)

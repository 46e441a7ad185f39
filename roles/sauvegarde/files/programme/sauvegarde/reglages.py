"""Settings of the server, as the role wrote them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/sauvegarde/reglages.json")
"""Readable by root alone: it holds the keys."""


@dataclass(frozen=True)
class DataSet:
    """What is copied together, and how old its newest copy may be."""

    name: str
    rpo_minutes: int


@dataclass(frozen=True)
class Repository:
    """The copies of one host. Without `key`, this server only keeps them for another."""

    name: str
    access: str
    key: str = ""
    far_access: str = ""
    far_key: str = ""
    sets: tuple[DataSet, ...] = ()


@dataclass(frozen=True)
class Settings:
    """Everything that the programs need to know."""

    root: Path
    account: str
    repositories: tuple[Repository, ...]
    keep: dict[str, int]
    reserve_mebibytes: int
    warn_mebibytes: int
    listen: str
    certificate: str
    private_key: str
    far_url: str
    authority: str
    recipient: str
    state: Path = field(default=Path("/var/lib/sauvegarde"))
    run: Path = field(default=Path("/run/sauvegarde"))
    restic: str = "restic"
    age: str = "age"
    server: str = "/usr/bin/restic-rest-server"

    @property
    def kept(self) -> tuple[Repository, ...]:
        """The repositories whose key this server holds."""
        return tuple(each for each in self.repositories if each.key)

    @property
    def folder(self) -> Path:
        return self.root / "depots"

    @property
    def accounts(self) -> Path:
        return self.root / "acces.htpasswd"

    @property
    def sealed(self) -> Path:
        return self.root / "scelle" / "cles.age"


RESERVE = "SAUVEGARDE_RESERVE_MIO"
"""Environment: another reserve than that of the role, for a trial."""


def read(path: Path | None = None) -> Settings:
    """The settings; SAUVEGARDE_REGLAGES names another file than that of the role."""
    told = json.loads((path or Path(os.environ.get("SAUVEGARDE_REGLAGES", SETTINGS))).read_text(encoding="utf-8"))
    return parse(told)


def parse(told: dict[str, Any]) -> Settings:
    """Settings of what was read; an unknown name is an error."""
    values = dict(told)
    values["repositories"] = tuple(_repository(each) for each in told["repositories"])
    values["reserve_mebibytes"] = int(os.environ.get(RESERVE, told["reserve_mebibytes"]))
    values |= {name: Path(told[name]) for name in ("root", "state", "run") if name in told}
    return Settings(**values)


def _repository(told: dict[str, Any]) -> Repository:
    values = dict(told)
    values["sets"] = tuple(DataSet(**each) for each in told.get("sets", []))
    return Repository(**values)

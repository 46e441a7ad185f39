"""Scripts that run on the hosts: standard library alone, one file each, sent over ssh and left nowhere."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def source(name: str) -> str:
    """The text of an agent (`listen` here, `mail/read`), for `Remote.python` or `Remote.popen_python`."""
    subject, _, module = name.rpartition("/")
    return (resources.files("recette.probes") / subject / "agents" / f"{module}.py").read_text(encoding="utf-8")

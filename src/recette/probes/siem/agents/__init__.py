"""Scripts that try the SIEM on the hosts: standard library alone, one file each, sent over ssh and left nowhere."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def source(name: str) -> str:
    """The text of an agent of this package, to be handed to `Remote.python` or `Remote.popen_python`."""
    return (resources.files(__name__) / f"{name}.py").read_text(encoding="utf-8")

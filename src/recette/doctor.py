"""What this machine must have before a twin can stand on it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from recette.paths import ROOT
from recette.twin.engine import Kernel
from recette.twin.state import INOTIFY, INOTIFY_NEEDED

GIB = 2**30
DISK_NEEDED = 15 * GIB
MEMORY_NEEDED = 12 * GIB
COMMANDS = ("podman", "mmdebstrap", "ip", "ssh", "socat", "node")


@dataclass(frozen=True)
class Finding:
    """One check: what is wrong (empty when ok) and the command that mends it."""

    name: str
    ok: bool
    detail: str = ""
    remedy: str = ""


def examine() -> list[Finding]:
    """Every check, those that pass too."""
    kernel = Kernel.detect()
    runtimes = [kernel.runtime] if kernel.runtime else []
    commands = [
        Finding(f"command {name}", shutil.which(name) is not None, "missing", "make setup")
        for name in (*COMMANDS, *runtimes)
    ]
    free = shutil.disk_usage("/var/lib").free
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return [
        Finding("root", os.geteuid() == 0, "not root", "sudo -E recette …"),
        *commands,
        Finding("tun device", Path("/dev/net/tun").exists(), "absent", "modprobe tun"),
        Finding("disk", free > DISK_NEEDED, _short_of(free, DISK_NEEDED), "make clean"),
        Finding("memory", memory > MEMORY_NEEDED, _short_of(memory, MEMORY_NEEDED), "close other programs"),
        Finding("allure", (ROOT / "node_modules/.bin/allure").exists(), "missing", "make setup"),
        _inotify(),
    ]


def _short_of(free: int, needed: int) -> str:
    return f"{free / GIB:.1f} GiB free, {needed // GIB} needed"


def _inotify() -> Finding:
    value = int(INOTIFY.read_text(encoding="ascii"))
    remedy = "" if value >= INOTIFY_NEEDED else f"none: {value} now, raised while a twin stands, then put back"
    return Finding("inotify", ok=True, remedy=remedy)

"""The archive of the events: sealed, and whether an alteration is noticed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.trials.siem.coverage import collector

FOLDER = "/var/log/siem"
SEAL = "systemctl start siem-scellement.service"
VERIFY = f"python3 /usr/local/lib/siem/scellement.py verify {FOLDER}"
LAST = f"ls -1 {FOLDER}/evenements-*.jsonl | tail --lines=1"
LIMIT_S = 120.0
WHOLE, FAULTY = 0, 1


@dataclass(frozen=True, slots=True)
class Verified:
    """How many sealed files were looked at, and what is wrong."""

    checked: int
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sealing:
    """What the verification said before one byte of a sealed file changed, then, and once it was back."""

    file: str
    before: Verified
    altered: Verified
    after: Verified


def altered(platform: Platform) -> Sealing:
    """Seal what was received so far, change one byte of it, and put it back."""
    host = collector(platform).name
    done = platform.remote.run(host, SEAL, timeout_s=LIMIT_S)
    if done.rc != 0:
        raise Inconclusive(f"{host} : l'archive n'a pas été scellée ({done.stderr.strip()})")
    file = platform.remote.run(host, LAST).stdout.strip()
    if not file:
        raise Inconclusive(f"{host} : aucune archive scellée")
    before = verified(platform)
    with platform.traces.altered(host, file):
        during = verified(platform)
    return Sealing(file, before, during, verified(platform))


def verified(platform: Platform) -> Verified:
    """What the collector's own verification says. Inconclusive if it says nothing."""
    host = collector(platform).name
    done = platform.remote.run(host, VERIFY, timeout_s=LIMIT_S)
    if done.rc not in (WHOLE, FAULTY):
        raise Inconclusive(f"{host} : vérification impossible ({done.stderr.strip()})")
    try:
        told = json.loads(done.stdout)
        return Verified(int(told["checked"]), tuple(told["faults"]))
    except (KeyError, ValueError) as error:
        raise Inconclusive(f"{host} : vérification incomprise ({done.stdout[:200]})") from error

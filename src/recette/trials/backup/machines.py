"""A machine that is lost whole: a new one takes its place by the automation alone, with nothing of the former one."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from recette.actions.nominal import systemd_is_running
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.provision import ensure
from recette.shell import must
from recette.site import Host
from recette.trials.backup.markers import beside
from recette.trials.backup.rounds import require_copied
from recette.twin import Power
from recette.waiting import wait_until

FILTERING = "filtrage"
RULES = "nft --stateless list ruleset"
STAGED = f"var/lib/sauvegarde-client/etape/{FILTERING}/regles.nft"
KEPT = f"tar --extract --to-stdout --file={{folder}}/{FILTERING}.tar {STAGED}"
SETTLED_S = 60.0
FILLED = re.compile(
    r"^\tset \S+ \{\n(?:(?!^\t\}).)*?flags [^\n]*dynamic(?:(?!^\t\}).)*^\t\}\n", re.MULTILINE | re.DOTALL
)
"""A set that traffic fills, as nft lists it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A new machine whose services run, and how long its place was empty, in seconds."""

    host: Host
    took_s: float


def replaced(platform: Platform, host: Host) -> Replaced:
    """Destroy a machine with its disk, switch a new one on, apply every role to it.

    A run that is killed meanwhile leaves a machine that the next one puts right: it is not one that it knows.
    """
    if platform.twin is None:
        raise Inconclusive("Aucun pilote ne sait remplacer une machine de ce site")
    start = time.monotonic()
    Power(platform.twin).replace(host)
    ensure(platform.site, platform.twin.machines())
    nominal = systemd_is_running(platform.remote)
    wait_until(lambda: nominal(host), SETTLED_S, f"Les services de {host.name}")
    return Replaced(host, time.monotonic() - start)


def rules_copied(platform: Platform, host: Host) -> str:
    """The filter rules of a firewall, copied now and read in that copy."""
    require_copied(platform, [host], [FILTERING])
    runner = platform.backups.runner(host)
    with beside(platform, runner) as folder:
        done = platform.backups.restore(host, FILTERING, beside=folder)
        read = platform.remote.run(runner.name, KEPT.format(folder=folder))
    if not done.done or not read.stdout:
        raise Inconclusive(f"{host.name} : copie illisible ({done.said or read.stderr.strip()})")
    return read.stdout


def rules_in_force(platform: Platform, host: Host) -> str:
    """The filter rules of a firewall, as its kernel tells them."""
    return must(platform.remote, host.name, RULES).stdout


def differences(first: str, second: str) -> tuple[str, ...]:
    """Lines that stand in one list of rules only; who passed lately, in sets that traffic fills, is no rule."""
    lines = [set(FILLED.sub("", each).splitlines()) for each in (first, second)]
    return tuple(sorted(lines[0] ^ lines[1]))

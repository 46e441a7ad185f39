"""The pair of exchanges: which one is in service, and what it says."""

from __future__ import annotations

from contextlib import AbstractContextManager

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.vip import current_owner
from recette.site import Host
from recette.trials.telephony.parties import EXCHANGE, carrier
from recette.waiting import NotYet, wait_until

READY_LIMIT_S = 60.0
"""Guard against waiting for ever; what the contract allows is in the features."""
UNIT = "asterisk.service"
BOOTED = "asterisk -rx 'core waitfullybooted'"
REACHABLE = "asterisk -rx 'pjsip show contacts'"


def active(platform: Platform) -> Host:
    """The member that holds the shared address. Raises Inconclusive if there is not exactly one."""
    owner = current_owner(platform.site, platform.remote, EXCHANGE)
    if owner is None:
        raise Inconclusive("L'adresse de l'autocommutateur n'a pas un porteur et un seul")
    return owner


def forgiving(platform: Platform) -> AbstractContextManager[None]:
    """Begin with nobody barred nor suspected; those whom the block has barred are let in again when it ends."""
    return platform.exchanges.forgiving([host.name for host in platform.site.group(EXCHANGE)])


def await_ready(platform: Platform) -> None:
    """Wait until both members run, one of them in service, and the carrier sees the site. Raises Inconclusive."""
    members = platform.site.group(EXCHANGE)
    if not members:
        raise Inconclusive("Ce site n'a pas d'autocommutateur")

    def ready() -> bool | NotYet:
        if current_owner(platform.site, platform.remote, EXCHANGE) is None:
            return NotYet("adresse partagée sans porteur unique")
        booted = platform.remote.map([host.name for host in members], BOOTED, strict=False)
        waiting = [host.name for host in members if host.name not in booted or booted[host.name].rc]
        if waiting:
            return NotYet(f"{', '.join(waiting)} : Asterisk n'a pas démarré")
        seen = platform.remote.run(carrier(platform.site).name, REACHABLE).stdout
        return "Avail" in seen or NotYet("l'opérateur ne joint pas le site")

    wait_until(ready, READY_LIMIT_S, "La téléphonie en service")


def said(platform: Platform, since_s: float, pattern: str, host: Host | None = None, *, unit: str = UNIT) -> list[str]:
    """Lines that the exchanges, or one other host, wrote since an instant (seconds of the epoch)."""
    names = [host.name] if host else [member.name for member in platform.site.group(EXCHANGE)]
    script = f"journalctl -u {unit} --since @{int(since_s)} -o cat --grep '{pattern}'"
    told = platform.remote.map(names, script, strict=False)
    return [line for name in told for line in told[name].stdout.splitlines()]

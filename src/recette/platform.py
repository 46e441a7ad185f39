"""A site in service: how its hosts are reached, powered and broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from recette.actions import Faults, Journal, journal_of
from recette.actions.accounts import Accounts
from recette.actions.authority import Authority
from recette.actions.exchanges import Exchanges
from recette.actions.guests import Guests
from recette.actions.impostor import Impostor
from recette.actions.losses import Losses
from recette.actions.muting import Muting
from recette.actions.staging import Staging
from recette.actions.traces import Traces
from recette.actions.translation import Translation
from recette.errors import Inconclusive, RecetteError
from recette.probes.backups import Backups
from recette.probes.directory import Directory
from recette.probes.hypervisor import Hypervisor
from recette.probes.monitoring import Monitoring
from recette.probes.siem import Siem, siem_of
from recette.probes.vip import addresses, vips_of
from recette.provision import ensure
from recette.shell import Remote
from recette.site import Host, Site
from recette.twin import Power, Twin
from recette.waiting import NotYet, wait_until

SETTLE_LIMIT_S = 30.0
"""Time given to the redundancy to elect its masters once everything is started."""

Progress = Callable[[str], None]
"""Told what is being done, in English: it is the engineer who waits."""

OWNED = "ip -json address show"


def _silent(_what: str) -> None:
    """Progress of a caller that shows none."""


class Platform:
    """The one object that steps, sabotages and benches drive a site through."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.twin = Twin(site) if site.kind == "twin" else None
        self.remote = Remote(self.twin.state.ssh_config if self.twin else _ssh_config(site))
        self.in_service_at: float | None = None
        """Since when nobody applies roles to it, in seconds of the epoch; None for a site that was taken as it was."""

    @cached_property
    def faults(self) -> Faults:
        """Raises Inconclusive on a real site: nothing here can cut its power or pull its cables."""
        if self.twin is None:
            raise Inconclusive(
                "Aucun pilote ne sait couper le courant ni les liens de ce site : panne à provoquer à la main"
            )
        others = {
            **self.authority.verbs(),
            **self.impostor.verbs(),
            **self.translation.verbs(),
            **self.exchanges.verbs(),
            **self.staging.verbs(),
            **self.muting.verbs(),
            **self.traces.verbs(),
            **self.machines.verbs(),
            **self.losses.verbs(),
        }
        if self.directory.servers:
            others |= self.accounts.verbs()
        return Faults(self.site, Power(self.twin), self.remote, self.journal, others=others)

    @cached_property
    def journal(self) -> Journal:
        """What is broken or changed, and how to undo it."""
        return journal_of(self.site.name)

    @cached_property
    def directory(self) -> Directory:
        """The directory, as an administrator sees it."""
        return Directory(self.site, self.remote)

    @cached_property
    def accounts(self) -> Accounts:
        """Changes to the accounts of the directory, each undone."""
        return Accounts(self.directory, self.journal)

    @cached_property
    def authority(self) -> Authority:
        """Certificates of the site made outside the automation, and revocations, each undone."""
        return Authority(self.site, self.remote, self.journal)

    @cached_property
    def impostor(self) -> Impostor:
        """Identities borrowed by a host that speaks IKE, each given back."""
        return Impostor(self.remote, self.journal)

    @cached_property
    def translation(self) -> Translation:
        """Address translations put before a host, each undone."""
        return Translation(self.remote, self.journal)

    @cached_property
    def exchanges(self) -> Exchanges:
        """What the exchanges believe or remember for a while, undone."""
        return Exchanges(self.remote, self.journal)

    @cached_property
    def monitoring(self) -> Monitoring:
        """The supervision, as an administrator asks it."""
        return Monitoring(self.site, self.remote)

    @cached_property
    def staging(self) -> Staging:
        """What is put on hosts for the supervision to notice, undone."""
        return Staging(self.remote, self.journal)

    @cached_property
    def muting(self) -> Muting:
        """A planned maintenance, ended."""
        return Muting(self.monitoring, self.journal)

    @cached_property
    def traces(self) -> Traces:
        """Files, packages and services that a trial leaves on a host, each taken away."""
        return Traces(self.remote, self.journal)

    @cached_property
    def hypervisor(self) -> Hypervisor:
        """The cluster of hypervisors, as an administrator asks it."""
        return Hypervisor(self.site, self.remote)

    @cached_property
    def machines(self) -> Guests:
        """Planned moves of its guests, and maintenance of its nodes, ended."""
        return Guests(self.hypervisor, self.remote, self.journal)

    @cached_property
    def backups(self) -> Backups:
        """The copies of the site."""
        return Backups(self.site, self.remote)

    @cached_property
    def losses(self) -> Losses:
        """What a trial destroys on a host; it comes back as it was."""
        return Losses(self.remote, self.journal)

    @cached_property
    def siem(self) -> Siem:
        """What watches the site. Raises Inconclusive if the site has none."""
        return siem_of(self.site, self.remote)

    def bring_into_service(self, progress: Progress = _silent) -> None:
        """Twin up if it is down, faults of a killed run repaired, roles applied where inputs changed.

        Raises RecetteError if the twin does not start or a role fails, Inconclusive if the site does not settle.
        """
        if self.twin is not None:
            progress("bringing the twin up")
            self.twin.up()
            progress("repairing what a killed run left broken")
            self.faults.replay()
            progress("applying the roles where their inputs have changed")
            ensure(self.site, self.twin.machines())
        progress("waiting for the redundancy to settle")
        self.settle()
        self.in_service_at = time.time()

    def close(self) -> None:
        """End what is held open toward the site."""
        if "hypervisor" in self.__dict__:  # else nobody has asked the cluster anything
            self.hypervisor.close()

    def settle(self) -> None:
        """Wait until every virtual address has exactly one owner."""
        wait_until(self._vips_are_owned, SETTLE_LIMIT_S, "Le porteur unique de chaque adresse virtuelle")

    def owners(self) -> dict[str, tuple[Host, ...]]:
        """For each redundancy group of firewalls, the members that hold all or part of its virtual addresses."""
        groups = {name: self.site.group(name) for name in self.site.vips if name.startswith("fw-")}
        answers = self.remote.map([host.name for members in groups.values() for host in members], OWNED)
        return {
            name: tuple(host for host in members if addresses(answers[host.name].stdout) & vips_of(self.site, name))
            for name, members in groups.items()
        }

    def active(self, level: int) -> Host:
        """The firewall of a level that holds its virtual addresses. Raises Inconclusive if there is not exactly one."""
        owners = next(hosts for name, hosts in self.owners().items() if self.site.group(name)[0].level == level)
        if len(owners) != 1:
            names = ", ".join(host.name for host in owners) or "aucun"
            raise Inconclusive(f"Niveau {level} : un pare-feu actif et un seul était attendu, obtenu : {names}")
        return owners[0]

    def standby(self, level: int) -> Host:
        """The other member of the active firewall's pair."""
        active = self.active(level)
        return next(peer for peer in self.site.group(active.redundancy or "") if peer != active)

    def _vips_are_owned(self) -> bool | NotYet:
        owners = self.owners()
        odd = [
            f"{name} : {', '.join(h.name for h in hosts) or 'aucun porteur'}"
            for name, hosts in owners.items()
            if len(hosts) != 1
        ]
        return NotYet(" ; ".join(odd)) if odd else True


def _ssh_config(site: Site) -> Path:
    path = site.path / "ssh_config"
    if not path.is_file():
        raise RecetteError(f"site {site.name}: {path} is missing; it tells ssh how to reach each host")
    return path

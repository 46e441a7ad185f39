"""Figures of the twin, of the flow matrix and of the failovers, on this machine: `make bench`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.flows import Flows
from recette.provision import ensure, provision
from recette.site import Site, find_site
from recette.site.matrix import cells
from recette.trials import logon_rates, matrix
from recette.trials.failover import Blow, strike, worst_outage
from recette.trials.mail.parties import Parties
from recette.trials.mail.rates import bare_rates, site_rates
from recette.trials.people import People
from recette.trials.siem import capacity
from recette.trials.siem.readiness import await_ready
from recette.trials.streams import Stream, find
from recette.trials.tunnels import rates
from recette.trials.tunnels.ends import await_standing
from recette.twin import Twin, image

REPETITIONS = 10
SETTLING_S = 3.0
CUT = Blow(Fault.POWER_CUT, "coupure de courant")
USERS = {1: ("attaquant", "mandataire"), 2: ("poste-b30", "dc1")}

BARE_HOST = "operateur"
"""A host where a bare Postfix disturbs nobody."""


def seconds(act: Callable[[], object]) -> float:
    """How long an act takes, in seconds."""
    start = time.monotonic()
    act()
    return time.monotonic() - start


def free_mib() -> float:
    """Memory that the machine could still give, in MiB."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1024


def failovers(platform: Platform, level: int, stream: Stream) -> list[float]:
    """Upper bounds of the users' outages over repeated power cuts of the active firewall, in seconds."""
    found = []
    for _ in range(REPETITIONS):
        with stream.watched(platform.remote) as watch, strike(platform, level, CUT, [watch]):
            found.append(worst_outage(watch)[1])
    return found


def mail(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """Messages a second, and those of one bare server."""
    bare = bare_rates(platform.remote, BARE_HOST)
    yield "mail, one bare Postfix fed by smtp-source", str(bare), ""
    yield "mail, end to end", str(site_rates(platform.remote, Parties(platform.site))), "what the bare one gives"


def logons(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """Log-ons a second, of people who sit down at a workstation."""
    yield "log-ons on the workstations", str(logon_rates.measured(platform, People.now(platform.site))), ""


def tunnels(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """What each tunnel carries, and the same way without it."""
    compared = rates.compare(platform, await_standing(platform))
    yield "tunnel of the headquarters: there, back, one exchange", str(compared.tunnel), f"clear: {compared.clear}"
    downloads = rates.roaming(platform, People.now(platform.site))
    yield "tunnel of a roaming user: downloads", str(downloads.tunnel), f"clear: {downloads.clear}"


def siem(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """Events a second until an alert comes later than its bound, and those of one bare collector."""
    await_ready(platform)
    yield "events, one bare rsyslog", f"{capacity.bare(platform):.0f} events/s", ""
    steps = []
    for step in capacity.ramp(platform):
        steps.append(step)
        yield f"events, {step.asked:.0f} a second asked for", str(step), ""
    goal = f"told within {capacity.BOUND_S:g} s; what the bare one takes"
    yield "events, the most that is told in time", str(capacity.best(steps)), goal


def main() -> None:
    """Rebuild all from nothing, measure, print; the twin is left standing."""
    console, table = Console(), Table("figure", "measured", "goal", title="bench")
    site = Site.load(find_site("jumeau"))
    twin = Twin(site)
    twin.down()
    image.remove_all(twin.podman)

    def row(name: str, value: str, goal: str = "") -> None:
        table.add_row(name, value, goal)
        console.print(f"{name}: {value} {goal}", highlight=False)

    names = sorted({host.image for host in site.hosts.values()})
    row("images from nothing", f"{seconds(lambda: [image.ensure(twin.podman, n) for n in names]):.1f} s", "≤ 300 s")
    before = free_mib()
    row(f"{len(site.hosts)} hosts running", f"{seconds(twin.up):.1f} s", "≤ 15 s")
    time.sleep(SETTLING_S)  # the memory of a twin that has finished booting
    row("memory of the idle twin", f"{(before - free_mib()) / 1024:.2f} GiB", "≤ 2.5 GiB")
    row("down", f"{seconds(twin.down):.1f} s", "≤ 5 s")
    twin.up()
    row("provisioning, first time", f"{seconds(lambda: ensure(site, twin.machines())):.1f} s", "≤ 90 s")
    row("provisioning, nothing changed", f"{seconds(lambda: ensure(site, twin.machines())):.1f} s", "≤ 20 s")
    row("the roles applied again, no cache", f"{seconds(lambda: provision(site).require_success()):.1f} s")
    platform, attempts = Platform(site), tuple(cells(site))
    platform.settle()
    trial = matrix.run(Flows(site, platform.remote), attempts)
    wrong = len(matrix.not_accepted(trial.permitted())) + len(matrix.not_refused(trial.refused()))
    row(f"flow matrix, {len(trial.results)} flows", f"{trial.duration_s:.1f} s, {wrong} wrong", "≤ 60 s, 0 wrong")
    for level, (source, target) in USERS.items():
        try:
            outages = failovers(platform, level, find(site, attempts, target, source, target))
        except Inconclusive as error:
            row(f"failover level {level}", str(error))
            continue
        shown = f"median {statistics.median(outages):.2f} s, worst {max(outages):.2f} s over {len(outages)}"
        row(f"power cut of the active firewall, level {level}", shown, "≤ 1 s; theory 3 × 0.2 + skew ≈ 0.7 s")
    for measure in (mail, logons, tunnels, siem):
        try:
            for figures in measure(platform):
                row(*figures)
        except Inconclusive as error:
            row(measure.__name__, str(error))
    console.print(table)


if __name__ == "__main__":
    main()

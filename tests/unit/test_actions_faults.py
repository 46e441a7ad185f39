"""A fault is repaired whatever happens, and never takes more than the site's redundancy bears."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from recette.actions import CATALOGUE, Fault, Faults, Journal
from recette.actions.nominal import systemd_is_running
from recette.errors import Inconclusive, RecetteError
from recette.shell import Completed
from recette.site import Host, Site, find_site
from recette.waiting import NotYet

SITE = Site.load(find_site("jumeau"))

Done = list[tuple[str, ...]]


@dataclass
class FakePower:
    """Remembers every act. `during` is called in the middle of each; `broken` names the hosts without power."""

    acts: Done = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    during: Callable[[str], None] = lambda _verb: None

    def running(self, host: Host) -> bool:
        return host.name not in self.broken

    def cut(self, host: Host) -> None:
        self._act("cut", host)

    def start(self, host: Host) -> None:
        self._act("start", host)

    def panic(self, host: Host) -> None:
        self._act("panic", host)

    def unplug(self, host: Host, zone: str) -> None:
        self._act("unplug", host, zone)

    def plug(self, host: Host, zone: str) -> None:
        self._act("plug", host, zone)

    def mute(self, host: Host, zone: str) -> None:
        self._act("mute", host, zone)

    def unmute(self, host: Host, zone: str) -> None:
        self._act("unmute", host, zone)

    def _act(self, verb: str, host: Host, *zone: str) -> None:
        self.during(verb)
        self.acts.append((verb, host.name, *zone))


@dataclass
class FakeRemote:
    """Every script succeeds; `answers` overrides what a question about the state gets."""

    scripts: Done = field(default_factory=list)
    answers: Iterator[Completed | Exception] = field(default_factory=lambda: iter(()))

    def run(self, host: str, script: str, /, *, timeout_s: float = 30.0) -> Completed:
        assert timeout_s > 0
        if script.startswith("systemctl is-system-running"):
            answer = next(self.answers, Completed(0, "running\n", ""))
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.scripts.append((host, script))
        return Completed(0, "", "")


@pytest.fixture
def power() -> FakePower:
    return FakePower()


@pytest.fixture
def remote() -> FakeRemote:
    return FakeRemote()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "faults.jsonl")


@pytest.fixture
def faults(power: FakePower, remote: FakeRemote, journal: Journal) -> Faults:
    return Faults(SITE, power, remote, journal, nominal_limit_s=0.2)


@pytest.mark.parametrize(
    ("fault", "where", "acts"),
    [
        (Fault.POWER_CUT, ["fw-ext-1"], [("cut", "fw-ext-1"), ("start", "fw-ext-1")]),
        (Fault.LINK_DOWN, ["fw-ext-1", "dmz"], [("unplug", "fw-ext-1", "dmz"), ("plug", "fw-ext-1", "dmz")]),
        (Fault.LINK_MUTE, ["fw-ext-1", "dmz"], [("mute", "fw-ext-1", "dmz"), ("unmute", "fw-ext-1", "dmz")]),
        (
            Fault.OPERATOR_CUT,
            ["fai-a"],
            [(verb, "fai-a", zone) for verb in ("unplug", "plug") for zone in ("wan-a", "internet")],
        ),
        (
            Fault.KERNEL_PANIC,
            ["pbx1"],
            [("panic", "pbx1"), ("start", "pbx1"), ("unmute", "pbx1", "voix")],
        ),
    ],
)
def test_physical_faults_are_undone(
    faults: Faults, power: FakePower, fault: Fault, where: list[str], acts: Done
) -> None:
    host, *zone = where
    with faults.inject(fault, SITE.host(host), *zone):
        pass
    assert power.acts == acts


@pytest.mark.parametrize(
    ("fault", "verb"), [(Fault.SERVICE_KILLED, "kill --kill-whom=main --signal=KILL"), (Fault.SERVICE_STOPPED, "stop")]
)
def test_services_are_started_again(faults: Faults, remote: FakeRemote, fault: Fault, verb: str) -> None:
    with faults.inject(fault, SITE.host("fw-int-2"), unit="keepalived.service"):
        assert remote.scripts == [("fw-int-2", f"systemctl {verb} keepalived.service")]
    assert remote.scripts[1:] == [
        ("fw-int-2", "systemctl reset-failed keepalived.service; systemctl start keepalived.service")
    ]


def test_a_frozen_service_goes_on(faults: Faults, remote: FakeRemote) -> None:
    with faults.inject(Fault.SERVICE_FROZEN, SITE.host("fw-int-2"), unit="keepalived.service"):
        assert [script for _, script in remote.scripts] == [
            "systemctl kill --kill-whom=all --signal=STOP keepalived.service"
        ]
    assert remote.scripts[1][1].startswith("systemctl kill --kill-whom=all --signal=CONT keepalived.service;")


def test_a_level_is_opened_and_closed_on_both_its_members(faults: Faults, remote: FakeRemote) -> None:
    with faults.inject(Fault.LEVEL_OPEN, SITE.host("fw-ext-2")):
        assert [host for host, script in remote.scripts if "insert rule" in script] == ["fw-ext-1", "fw-ext-2"]
    assert [host for host, script in remote.scripts if "delete rule" in script] == ["fw-ext-1", "fw-ext-2"]


def test_every_fault_has_a_french_name_of_its_own() -> None:
    assert set(CATALOGUE) == set(Fault)
    assert max(Counter(recipe.label for recipe in CATALOGUE.values()).values()) == 1


def test_the_injection_tells_what_when_and_until_when(faults: Faults) -> None:
    with faults.inject(Fault.POWER_CUT, SITE.host("dc1")) as injection:
        assert injection.target is SITE.host("dc1")
        assert injection.repaired_at_monotonic_s is None
    assert injection.repaired_at_monotonic_s is not None
    assert 0 < injection.at_monotonic_s <= injection.repaired_at_monotonic_s


def test_the_fault_is_in_the_journal_as_long_as_it_is_in_the_site(faults: Faults, power: FakePower) -> None:
    seen: list[tuple[str, int]] = []
    power.during = lambda verb: seen.append((verb, len(faults.journal.pending())))
    with faults.inject(Fault.POWER_CUT, SITE.host("dc1")):
        pass
    assert seen == [("cut", 1), ("start", 1)]
    assert faults.journal.pending() == ()


def test_an_early_repair_is_not_repeated(faults: Faults, power: FakePower) -> None:
    with faults.inject(Fault.POWER_CUT, SITE.host("dc1")) as injection:
        injection.repair()
        injection.repair()
        assert faults.journal.pending() == ()
    assert power.acts == [("cut", "dc1"), ("start", "dc1")]


def test_an_act_that_fails_half_way_is_undone(faults: Faults, power: FakePower) -> None:
    def fail(verb: str) -> None:
        if verb == "cut":
            raise RecetteError("podman is gone")

    power.during = fail
    with pytest.raises(RecetteError, match="podman is gone"), faults.inject(Fault.POWER_CUT, SITE.host("dc1")):
        pytest.fail("handed over although the act failed")
    assert power.acts == [("start", "dc1")]
    assert faults.journal.pending() == ()


def interrupted_by(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def refused() -> None:
    raise AssertionError("coupure de 4 s")


@pytest.mark.parametrize(
    ("event", "raised"),
    [
        (refused, AssertionError),
        (interrupted_by(signal.SIGINT), KeyboardInterrupt),
        (interrupted_by(signal.SIGTERM), KeyboardInterrupt),
    ],
    ids=["exception", "SIGINT", "SIGTERM"],
)
def test_the_site_is_repaired_after(
    faults: Faults, power: FakePower, event: Callable[[], None], raised: type[BaseException]
) -> None:
    with pytest.raises(raised), faults.inject(Fault.POWER_CUT, SITE.host("dc1")):  # noqa: PT012 - the event is the case
        event()
        pytest.fail("not interrupted")
    assert power.acts == [("cut", "dc1"), ("start", "dc1")]
    assert faults.journal.pending() == ()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_swallows_signals_does_not_keep_the_fault_in_place(faults: Faults) -> None:
    previous = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        with pytest.raises(KeyboardInterrupt), faults.inject(Fault.POWER_CUT, SITE.host("dc1")):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, previous)


@pytest.mark.parametrize("verb", ["cut", "start"])
def test_a_signal_waits_for_the_end_of_an_act(faults: Faults, power: FakePower, verb: str) -> None:
    power.during = lambda current: os.kill(os.getpid(), signal.SIGINT) if current == verb else None
    with pytest.raises(KeyboardInterrupt), faults.inject(Fault.POWER_CUT, SITE.host("dc1")):
        pass
    assert power.acts == [("cut", "dc1"), ("start", "dc1")]


def test_a_failed_undo_is_tried_again(faults: Faults, power: FakePower) -> None:
    failures = iter([OSError("interrupted"), Inconclusive("pas de réponse")])

    def fail(verb: str) -> None:
        error = next(failures, None) if verb == "start" else None
        if error:
            raise error

    power.during = fail
    with faults.inject(Fault.POWER_CUT, SITE.host("dc1")):
        pass
    assert power.acts == [("cut", "dc1"), ("start", "dc1")]


def test_an_undo_that_keeps_failing_is_left_to_the_next_start(faults: Faults, power: FakePower) -> None:
    def fail(verb: str) -> None:
        if verb == "start":
            raise RecetteError("podman is gone")

    power.during = fail
    with (
        pytest.raises(Inconclusive, match="dc1 : la panne n'est pas réparée : podman is gone"),
        faults.inject(Fault.POWER_CUT, SITE.host("dc1")),
    ):
        pass
    assert len(faults.journal.pending()) == 1


def test_a_host_that_stays_ill_leaves_the_question_open_and_the_fault_pending(faults: Faults) -> None:
    def ill(host: Host) -> NotYet:
        return NotYet(f"{host.name} est degraded")

    with (
        pytest.raises(Inconclusive, match=r"Le retour à l'état nominal de dc1 : attente vaine .* : dc1 est degraded"),
        faults.inject(Fault.POWER_CUT, SITE.host("dc1"), nominal=ill),
    ):
        pass
    assert [entry.what for entry in faults.journal.pending()] == ["power-cut"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Completed(1, "starting\n", ""), "dc1 est starting"),
        (Completed(1, "degraded\nnamed.service loaded failed\n", ""), "dc1 est degraded, en échec : named.service"),
        (Completed(0, "running\nnamed.service loaded failed\n", ""), "dc1 est running, en échec : named.service"),
        (Completed(1, "", ""), "dc1 est sans réponse"),
        (Inconclusive("connexion refusée"), "dc1 ne répond pas (connexion refusée)"),
    ],
)
def test_nominal_means_that_systemd_runs_and_no_unit_failed(answer: Completed | Exception, state: str) -> None:
    nominal = systemd_is_running(FakeRemote(answers=iter([answer])))
    assert str(nominal(SITE.host("dc1"))) == state
    assert nominal(SITE.host("dc1")) is True


def test_a_peer_that_a_fault_broke_forbids_another(faults: Faults, power: FakePower) -> None:
    with (
        faults.inject(Fault.POWER_CUT, SITE.host("pve1")),
        pytest.raises(RecetteError, match="refused on pve3 while pve1, of the same redundancy group, is broken"),
        faults.inject(Fault.LINK_DOWN, SITE.host("pve3"), "stockage"),
    ):
        pytest.fail("two members broken")
    assert power.acts == [("cut", "pve1"), ("start", "pve1")]


def test_members_of_a_larger_group_may_break_on_purpose_as_long_as_one_is_left(
    faults: Faults, power: FakePower
) -> None:
    with (
        faults.inject(Fault.POWER_CUT, SITE.host("pve1")) as outer,
        faults.inject(Fault.POWER_CUT, SITE.host("pve3"), beside=outer) as inner,
        pytest.raises(RecetteError, match="refused on pve2 while pve"),
        faults.inject(Fault.POWER_CUT, SITE.host("pve2"), beside=inner),
    ):
        pytest.fail("the last member broken")
    assert power.acts == [("cut", "pve1"), ("cut", "pve3"), ("start", "pve3"), ("start", "pve1")]


def test_a_peer_that_is_down_for_any_other_cause_forbids_a_fault(faults: Faults, power: FakePower) -> None:
    power.broken.add("fai-b")
    with (
        pytest.raises(
            RecetteError, match="operator-cut: refused on fai-a: fai-b, of the same redundancy group, is down"
        ),
        faults.inject(Fault.OPERATOR_CUT, SITE.host("fai-a")),
    ):
        pytest.fail("two members broken")
    assert power.acts == []


def test_one_fault_at_a_time(faults: Faults) -> None:
    with (
        faults.inject(Fault.POWER_CUT, SITE.host("dc1")),
        pytest.raises(RecetteError, match="refused on mail1: power-cut on dc1 is not repaired yet"),
        faults.inject(Fault.POWER_CUT, SITE.host("mail1")),
    ):
        pytest.fail("two faults at once")


def test_two_faults_may_stand_side_by_side_on_purpose_in_two_groups(faults: Faults, power: FakePower) -> None:
    with (
        faults.inject(Fault.POWER_CUT, SITE.host("fw-ext-1")) as outer,
        faults.inject(Fault.POWER_CUT, SITE.host("fw-int-2"), beside=outer) as inner,
    ):
        with (
            pytest.raises(RecetteError, match="refused on dc1: power-cut on fw-ext-1 is not repaired yet"),
            faults.inject(Fault.POWER_CUT, SITE.host("dc1"), beside=inner),
        ):
            pytest.fail("three faults at once")
        with (
            pytest.raises(RecetteError, match="refused on fw-ext-2 while fw-ext-1, of the same redundancy group"),
            faults.inject(Fault.POWER_CUT, SITE.host("fw-ext-2"), beside=outer),
        ):
            pytest.fail("two members broken")
    assert power.acts == [("cut", "fw-ext-1"), ("cut", "fw-int-2"), ("start", "fw-int-2"), ("start", "fw-ext-1")]
    assert faults.journal.pending() == ()


@pytest.mark.parametrize(
    ("fault", "host", "options", "message"),
    [
        (Fault.LINK_DOWN, "dc1", {}, "link-down: a zone is needed"),
        (Fault.LINK_DOWN, "dc1", {"zone": "dmz"}, "dc1 has no interface in zone dmz"),
        (Fault.SERVICE_KILLED, "dc1", {}, "service-killed: a unit is needed"),
        (Fault.POWER_CUT, "dc1", {"unit": "named"}, "power-cut: no unit is needed, named was given"),
        (Fault.OPERATOR_CUT, "dc1", {}, "operator-cut: dc1 is not in group operateurs"),
        (Fault.LEVEL_OPEN, "dc1", {}, "level-open: dc1 is not in group pare_feu"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    faults: Faults, fault: Fault, host: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecetteError, match=message), faults.inject(fault, SITE.host(host), **options):
        pytest.fail("injected")
    assert faults.journal.pending() == ()


def test_an_unknown_host_is_refused(faults: Faults) -> None:
    elsewhere = replace(SITE.host("dc1"), name="dc9")
    with pytest.raises(RecetteError, match="dc9"), faults.inject(Fault.POWER_CUT, elsewhere):
        pytest.fail("injected")


VICTIM = """
import json, os, signal, sys
from pathlib import Path
from typing import Any
from recette.actions import Fault, Faults, Journal
from recette.site import Site, find_site

acts = Path(sys.argv[1], "acts")

class Power:
    def running(self, host): return True
    def __getattr__(self, verb):
        def act(host, *rest):
            with acts.open("a") as file:
                file.write(json.dumps([verb, host.name, *rest]) + "\\n")
            if verb == sys.argv[2]:
                os.kill(os.getpid(), signal.SIGKILL)
        return act

site = Site.load(find_site("jumeau"))
faults = Faults(site, Power(), None, Journal(Path(sys.argv[1], "faults.jsonl")), nominal=lambda host: True)
with faults.inject(Fault.LINK_DOWN, site.host("fw-ext-1"), "dmz"):
    if sys.argv[2] == "inside":
        os._exit(9)
"""


@pytest.mark.parametrize("moment", ["unplug", "inside", "plug"])
def test_the_next_start_repairs_what_a_killed_run_left(
    faults: Faults, power: FakePower, tmp_path: Path, moment: str
) -> None:
    subprocess.run([sys.executable, "-c", VICTIM, str(tmp_path), moment], check=False)
    done = [json.loads(line) for line in (tmp_path / "acts").read_text(encoding="utf-8").splitlines()]
    assert done[0] == ["unplug", "fw-ext-1", "dmz"]
    assert [entry.what for entry in faults.replay()] == ["link-down"]
    assert power.acts == [("plug", "fw-ext-1", "dmz")]
    assert faults.replay() == ()

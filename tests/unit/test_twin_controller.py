"""Power controllers of the twin: who may cut whose power, and what a watchdog does."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recette.site import Host, Site, find_site
from recette.twin.controller import Controller, controlled, serve

PROGRAMS = Path(__file__).parents[2] / "roles" / "hyperviseur" / "files" / "programmes"
SITE = Site.load(find_site("jumeau"))
PVE1, PVE2, PVE3 = SITE.group("pve")


@dataclass
class Mains:
    """Sockets on a wall."""

    on: set[str] = field(default_factory=lambda: {"pve1", "pve2", "pve3", "dc1"})
    acts: list[str] = field(default_factory=list)
    pulled: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def powered(self, host: Host) -> bool:
        return host.name in self.on

    def off(self, host: Host) -> None:
        self.on.discard(host.name)
        self.acts.append(f"off {host.name}")

    def unplugged(self, host: Host) -> tuple[str, ...]:
        return self.pulled.get(host.name, ())

    def start(self, host: Host, unplugged: Collection[str] = ()) -> None:
        self.on.add(host.name)
        self.acts.append(" ".join(("start", host.name, *unplugged)))


@dataclass
class Desk:
    """Controllers, what they command, and a clock that is moved by hand."""

    mains: Mains = field(default_factory=Mains)
    now: float = 0.0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.controller = Controller(
            SITE, self.mains, self.told.append, clock=lambda: self.now, background=lambda act: act()
        )


def test_the_hypervisors_alone_have_a_controller() -> None:
    assert [host.name for host in controlled(SITE)] == ["pve1", "pve2", "pve3"]


def test_it_tells_who_the_members_are() -> None:
    assert Desk().controller.answer(PVE1, "list") == "pve1 pve2 pve3"


def test_power_is_cut_and_told() -> None:
    desk = Desk()
    assert desk.controller.answer(PVE1, "status pve2") == "on"
    assert desk.controller.answer(PVE1, "off pve2") == "done"
    assert desk.controller.answer(PVE1, "status pve2") == "off"
    assert desk.mains.acts == ["off pve2"]


def test_a_cycle_brings_the_power_back() -> None:
    desk = Desk()
    assert desk.controller.answer(PVE1, "cycle pve2") == "done"
    assert desk.mains.acts == ["off pve2", "start pve2"]
    assert desk.controller.answer(PVE3, "cuts pve2") == "1"
    assert desk.controller.answer(PVE3, "cuts pve1") == "0"


def test_a_cable_that_was_pulled_stays_so() -> None:
    desk = Desk()
    desk.mains.pulled["pve2"] = ("stockage",)
    desk.controller.answer(PVE1, "cycle pve2")
    assert desk.mains.acts == ["off pve2", "start pve2 stockage"]


def test_a_machine_without_power_stays_without() -> None:
    """It is unplugged: to cycle its power changes nothing, and its guests may be taken over."""
    desk = Desk()
    desk.mains.on.discard("pve2")
    assert desk.controller.answer(PVE1, "cycle pve2") == "done"
    assert desk.mains.acts == []


@pytest.mark.parametrize("line", ["off dc1", "off nobody", "off", "off pve2 pve3", "arm", "arm soon", "feed", "", "rm"])
def test_what_is_none_of_its_business_is_refused(line: str) -> None:
    desk = Desk()
    assert desk.controller.answer(PVE1, line).startswith("error ")
    assert desk.mains.acts == []


def test_an_unfed_watchdog_cycles_the_power_of_its_machine_once() -> None:
    desk = Desk()
    assert desk.controller.answer(PVE1, "arm 60") == "done"
    desk.now = 50.0
    assert desk.controller.answer(PVE1, "feed") == "done"
    desk.now = 109.0
    desk.controller.expire()
    assert desk.mains.acts == []
    desk.now = 111.0
    desk.controller.expire()
    desk.controller.expire()
    assert desk.mains.acts == ["off pve1", "start pve1"]


def test_a_watchdog_ends_with_the_power_of_its_machine_or_when_it_is_disarmed() -> None:
    desk = Desk()
    desk.controller.answer(PVE1, "arm 60")
    desk.controller.answer(PVE2, "arm 60")
    desk.controller.answer(PVE2, "off pve1")
    desk.controller.answer(PVE2, "disarm")
    desk.now = 100.0
    desk.controller.expire()
    assert desk.mains.acts == ["off pve1"]


def test_a_hypervisor_speaks_to_it_by_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the role on one side, the controller on the other."""
    monkeypatch.syspath_prepend(str(PROGRAMS))
    alimentation, fence = (importlib.import_module(name) for name in ("alimentation", "fence_recette"))
    monkeypatch.setattr(alimentation, "settings", lambda: {"power_socket": str(tmp_path / "alimentation")})
    desk = Desk()
    server = serve(desk.controller, PVE1, tmp_path / "alimentation")
    assert alimentation.ask("list") == "pve1 pve2 pve3"
    lines = ["action=reboot", "plug=pve2", "way=controller"]
    assert fence.act(fence.options([], lines)) == 0
    assert desk.mains.acts == ["off pve2", "start pve2"]
    desk.mains.on.discard("pve3")
    assert fence.act(fence.options(["-o", "status", "-n", "pve3"], [])) == 2
    assert fence.act(fence.options([], ["action=off", "plug=pve3", "way=watchdog"])) == 0
    with pytest.raises(ValueError, match="not a member"):
        alimentation.ask("off dc1")
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match="refused"):
        alimentation.ask("list")

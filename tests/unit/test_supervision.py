"""What the supervision is told to watch, what its gateway keeps, and what on call reads."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ruamel.yaml import YAML

from recette.policy.watching import GATEWAY, NOWHERE, shared, watched
from recette.probes.browser import Stage, View
from recette.probes.monitoring import Alert, Item, Notice, from_gateway, from_mail
from recette.probes.monitoring.agents import gateway, inbox
from recette.probes.monitoring.messages import of_the_siem
from recette.site import Site, find_site
from recette.site.names import EVERY_HOST
from recette.trials.supervision import console
from recette.trials.supervision.coverage import unmeasured
from recette.trials.supervision.incidents import copy_port
from recette.trials.supervision.receiving import Wanted

ROOT = Path(__file__).parents[2]
MAIL = """\
From: Supervision <supervision@cenexis.example>
To: astreinte@cenexis.example
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: 8bit

Hôte : mail2 (10.94.30.22)
Service : dovecot.service
Gravité : Haut
Heure : 2026.11.26 10:02:11
État : en panne
Événement : 4711
"""


def _program(role: str, name: str) -> Any:
    """A program of a role; its file has no suffix."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(ROOT / "roles" / role / "files" / name))
    return _loaded(importlib.util.spec_from_loader(loader.name, loader))


def _loaded(spec: importlib.machinery.ModuleSpec | None) -> ModuleType:
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(find_site("jumeau"))


@pytest.fixture(scope="module")
def objects() -> Any:
    path = ROOT / "plugins/modules/supervision_objets.py"
    return _loaded(importlib.util.spec_from_file_location("supervision_objets", path))


def test_every_host_of_the_site_is_watched_at_an_address_that_the_matrix_opens(site: Site) -> None:
    """A firewall is met on the side of the supervision, not at its main address."""
    found = {each["name"]: each for each in watched(site, site.host("sup1"))}
    assert set(found) == {host.name for host in site.members(EVERY_HOST)}
    assert found["fw-int-1"]["address"] == "10.94.31.2"
    assert found["fw-ext-1"]["address"] == "10.94.20.2"
    assert "Onduleur et salle propre" in found["gtb"]["templates"]


def test_a_host_is_silent_behind_the_last_firewall_before_it(site: Site) -> None:
    """Beside the supervision nothing can explain a silence."""
    gateways = {each["name"]: each["macros"][GATEWAY] for each in watched(site, site.host("sup1"))}
    assert gateways["mx-1"] == str(site.vips["fw-ext"]["transit"])
    assert gateways["dc1"] == gateways["fw-ext-1"] == str(site.vips["fw-int"]["supervision"])
    assert gateways["siem1"] == gateways["fw-int-1"] == str(NOWHERE)


def test_only_the_supervision_is_told_whom_to_watch(site: Site) -> None:
    assert watched(site, site.host("siem1")) == shared(site, site.host("dc1")) == []
    names = {each["name"]: each["address"] for each in shared(site, site.host("sup2"))}
    assert names == {"adresse-fw-ext": "10.94.20.1", "adresse-fw-int": "10.94.31.1", "adresse-pbx": "10.94.50.30"}


def test_each_template_object_has_an_identifier_that_does_not_change(objects: Any) -> None:
    """Version 4 in form, one for each object, the same at each application."""
    text = YAML(typ="safe").load(ROOT / "roles/supervision/files/modeles.yml")
    once, again = (json.dumps(objects.identified(text)) for _ in range(2))
    assert once == again
    found = [piece[:32] for piece in once.split('"uuid": "')[1:]]
    assert len(found) == len(set(found)) > 40
    assert all(uuid[12] == "4" and uuid[16] in "89ab" for uuid in found)


def test_what_the_server_adds_is_no_difference_and_what_somebody_changed_is(objects: Any) -> None:
    wanted = {"name": "a", "groups": [{"groupid": 2}, {"groupid": 1}]}
    present = {"name": "a", "groups": [{"groupid": "1", "flags": "0"}, {"groupid": "2"}], "status": "0"}
    assert not objects.differs(wanted, present)
    assert objects.differs(wanted | {"name": "b"}, present)
    assert objects.differs({"groups": [{"groupid": 1}]}, present)


def test_another_order_is_no_change_of_a_template(objects: Any) -> None:
    before = {"template": "a", "macros": [{"macro": "x"}, {"macro": "y"}]}
    after = {"template": "a", "macros": [{"macro": "y"}, {"macro": "x"}]}
    told: Any = {"templates": {"updated": [{"before": before, "after": after}]}}
    assert not objects.significant(told)
    assert not objects.significant([])
    told["templates"]["updated"][0]["items"] = {"updated": [{"before": {"delay": "10s"}, "after": {"delay": "5m"}}]}
    assert objects.significant(told)


def test_a_mail_is_read_as_on_call_reads_it() -> None:
    subject = "[Haut] mail2 : Service dovecot.service arrêté"
    alert = from_mail(MAIL.format(subject=subject).encode(), 3.0)
    assert isinstance(alert, Alert)
    assert (alert.state, alert.host, alert.service, alert.severity) == ("panne", "mail2", "dovecot.service", "Haut")
    assert Wanted("panne", "mail2", "dovecot.service", "Haut").met_by(alert)
    assert not Wanted("panne", "mail2", "dovecot.service", "Désastre").met_by(alert)
    ended = from_mail(MAIL.format(subject="[Rétabli] mail2 : Service dovecot.service arrêté").encode(), 3.0)
    assert ended is not None
    assert ended.state == "rétabli"


def test_a_mail_of_the_siem_is_known_by_its_subject_even_folded() -> None:
    assert of_the_siem(MAIL.format(subject="\n [SIEM] Ligne de production hors de son conduit : fw-int-1"))
    assert not of_the_siem(MAIL.format(subject="[Haut] dc2 : Service arrêté"))
    assert not of_the_siem('{"origin": "", "text": "[SIEM]"}')


def test_a_mail_of_somebody_else_is_no_alert() -> None:
    assert from_mail(MAIL.format(subject="Réunion de service").encode(), 3.0) is None
    assert from_mail(MAIL.format(subject="[SIEM] Virus : mail2").encode(), 3.0) is None
    assert from_mail(b"Subject: [Haut] mail2 : x\n\nrien", 3.0) is None


def test_an_sms_tells_host_service_and_severity_and_the_gateway_speaks_for_itself() -> None:
    text = "[Désastre] fw-int-1 (réseau) : Hôte injoignable, 10:02:11"
    alert = from_gateway(json.dumps({"origin": "client", "text": text}), 1.0)
    assert isinstance(alert, Alert)
    assert Wanted("panne", "fw-int-1", "réseau", "Désastre").met_by(alert)
    ended = from_gateway(json.dumps({"origin": "client", "text": text.replace("Désastre", "Rétabli")}), 1.0)
    assert isinstance(ended, Alert)
    assert Wanted("rétabli", "fw-int-1", "réseau", "Désastre").met_by(ended)
    assert from_gateway(json.dumps({"origin": "veille", "text": "muette"}), 1.0) == Notice("muette", 1.0)
    assert from_gateway(json.dumps({"origin": "client", "text": "bonjour"}), 1.0) is None


def test_messages_of_the_calm_that_reigned_before_can_be_read() -> None:
    """As many lines, and mails, as had been received by an instant that is past."""
    lines = [json.dumps({"received": when}) for when in (10.0, 20.0, 30.0)]
    assert [gateway.mark(lines, before) for before in (None, 5.0, 20.5, 99.0)] == [3, 0, 2, 3]
    rows = [
        b'1 (UID 7 INTERNALDATE "26-Nov-2026 10:00:00 +0000")',
        b'2 (UID 9 INTERNALDATE "26-Nov-2026 11:00:01 +0100")',
    ]
    assert inbox.received_at(rows) == [(7, 1795687200.0), (9, 1795687201.0)]
    assert inbox.received_at([None]) == []


def test_words_of_a_feature_that_name_nothing_are_refused() -> None:
    found = Wanted.named('"tunnel du siège" en panne sur "le pare-feu actif" (Haut)', "fw-ext-2")
    assert (found.host, found.service) == ("fw-ext-2", "tunnel du siège")
    with pytest.raises(ValueError, match="not what a message must name"):
        Wanted.named("dovecot en panne", "mail2")


def test_a_host_that_is_only_known_when_it_breaks_is_the_one_that_was_found() -> None:
    wanted = Wanted.named('"réplication de la base" en panne sur "le serveur qui suit" (Haut)', "sup2")
    assert str(wanted) == "[Haut] sup2 (réplication de la base), panne"
    assert wanted.ended() == Wanted("rétabli", "sup2", "réplication de la base", "Haut")


def test_what_was_measured_before_the_question_does_not_count() -> None:
    expected = {("dc1", "service.actif[ssh.service]"): "dc1 : ssh.service", ("dc2", "a"): "dc2 : a"}
    items = [Item("dc1", "service.actif[ssh.service]", 100), Item("dc2", "a", 99)]
    assert unmeasured(expected, items, 100) == ["dc2 : a"]
    assert unmeasured(expected, items, 99) == []
    assert unmeasured(expected, [], 0) == ["dc1 : ssh.service", "dc2 : a"]


def test_the_console_shows_hosts_and_problems_as_a_browser_reads_them() -> None:
    """A cell that holds a block begins a new line; the cell of a problem follows the one of its host."""
    text = (
        "Hosts\nName\tInterface\tAvailability\nbkp1\t10.94.32.11:10050\t\nZBX\n\tEnabled\n"
        "10:02:11\tHaut\tPROBLEM\tmx-1\tDisque /srv/recette-volume plein : 97 %\t12s"
    )
    page = View(Stage.INSIDE, "Zabbix", text, 1.0, "", b"")
    assert "bkp1" in console.listed(page)
    assert "mx-1" not in console.listed(page)
    assert console.shows(page, "mx-1", "Disque /srv/recette-volume plein")
    assert not console.shows(page, "x-1", "Disque /srv/recette-volume plein")
    assert not console.shows(page, "bkp1", "Disque /srv/recette-volume plein")


def test_mailboxes_are_copied_by_the_port_of_the_matrix(site: Site) -> None:
    assert copy_port(site) == 24245


def test_the_gateway_tells_a_silence_once_and_its_end_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unarmed, it says nothing; armed, it does, and a restart does not disarm it."""
    gateway = _program("passerelle_sms", "passerelle-sms")
    settings = {
        "folder": str(tmp_path),
        "silence_s": 40,
        "oncall": "+33639980010",
        "silence_text": "muette depuis {:.0f} s",
        "return_text": "de nouveau",
    }
    now, steps = [1000.0], iter([100.0, 0.0, 39.0, 2.0, 50.0, 0.0])
    box = gateway.Box(settings)

    class Over(Exception):  # noqa: N818 - no error: the end of the story
        pass

    def sleep(_seconds: float) -> None:
        step = next(steps, None)
        if step is None:
            raise Over
        if step == 0.0:
            box.beat()
        now[0] += step

    clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time, sleep=sleep)
    monkeypatch.setattr(gateway, "time", clock)
    with pytest.raises(Over):
        box.watch()
    lines = [json.loads(line) for line in (tmp_path / "messages.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == ["muette depuis 41 s", "de nouveau"]
    assert {line["origin"] for line in lines} == {"veille"}
    assert gateway.Box(settings).heard is not None


class World:
    """Two nodes, a gateway and a clock: what each sees depends on who is cut off."""

    def __init__(self, base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.cut: set[str] = set()
        self.off: set[str] = set()
        self.roles = {"sup1": "writer", "sup2": "follower"}
        self.lines = {"sup1": 1, "sup2": 1}
        self.base = base
        monkeypatch.setattr(base, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.nodes = {name: self._node(name, other) for name, other in (("sup1", "sup2"), ("sup2", "sup1"))}

    def _node(self, name: str, other: str) -> Any:
        settings = {
            "cluster": "17/main",
            "peer": {"name": other, "address": other},
            "ca": "",
            "user": "bascule",
            "password": "",
            "preferred": name == "sup1",
            "failover_s": 5,
            "isolation_s": 3,
            "clients": ["zabbix-server.service"],
        }
        node = self.base.Node(settings)
        world = self

        class Fake(type(node)):  # type: ignore[misc]
            follows = property(lambda _self: world.roles[name] == "follower")

            def gateway_answers(self) -> bool:
                return name not in world.cut

            def systemctl(self, verb: str, *_units: str) -> None:
                if verb != "restart":
                    world.roles[name] = "stopped" if verb == "stop" else "writer"

            def copy(self) -> None:
                world.roles[name], world.lines[name] = "follower", world.lines[other]

            def give_login(self) -> None: ...

            def say(self, _text: str) -> None: ...

        node.__class__ = Fake
        node.own = SimpleNamespace(state=lambda: self._state(name), ask=lambda query: self._ask(name, query))
        node.own.forget = lambda: None
        node.peer = SimpleNamespace(
            state=lambda: ("stopped", 0) if {name, other} & (self.cut | self.off) else self._state(other)
        )
        return node

    def _state(self, name: str) -> tuple[str, int]:
        role = self.roles[name]
        return role, self.lines[name] if role == "writer" else 0

    def _ask(self, name: str, query: str) -> list[tuple[int]]:
        if "pg_promote" in query:
            self.roles[name] = "writer"
            self.lines[name] += 1
        return [(1,)]

    def run(self, seconds: int) -> set[str]:
        """Look every second; who wrote at once with somebody else."""
        both: set[str] = set()
        for _ in range(seconds):
            self.now += 1
            for name, node in self.nodes.items():
                if name not in self.off:
                    node.look()
            writers = {name for name, role in self.roles.items() if role == "writer" and name not in self.off}
            both |= writers if len(writers) > 1 else set()
        return both


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The program that decides, without the library of the database, which only the servers have."""
    library = ModuleType("psycopg2")
    library.Error = type("Error", (Exception,), {})  # type: ignore[attr-defined]
    library.sql = ModuleType("sql")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "psycopg2", library)
    return World(_program("supervision", "supervision-base"), monkeypatch)


def test_a_writer_that_is_cut_off_has_stopped_before_the_other_one_writes(world: World) -> None:
    world.cut = {"sup1"}
    assert world.run(20) == set()
    assert world.roles == {"sup1": "stopped", "sup2": "writer"}


def test_a_follower_that_is_cut_off_does_not_write(world: World) -> None:
    world.cut = {"sup2"}
    assert world.run(20) == set()
    assert world.roles == {"sup1": "writer", "sup2": "follower"}


def test_the_other_one_writes_when_the_writer_loses_its_power_and_is_copied_when_it_returns(world: World) -> None:
    world.off = {"sup1"}
    world.run(7)
    assert world.roles["sup2"] == "writer"
    world.off, world.roles["sup1"] = set(), "stopped"
    world.run(3)
    assert world.roles == {"sup1": "follower", "sup2": "writer"}


def test_of_two_new_writers_the_one_that_is_not_preferred_gives_way(world: World) -> None:
    world.roles["sup2"] = "writer"
    world.run(2)
    assert world.roles == {"sup1": "writer", "sup2": "follower"}


def test_the_older_timeline_gives_way_whoever_is_preferred(world: World) -> None:
    world.roles["sup2"], world.lines["sup2"] = "writer", 4
    world.run(2)
    assert world.roles == {"sup1": "follower", "sup2": "writer"}


def test_a_writer_that_was_restarted_writes_again_at_once_if_it_is_still_followed(world: World) -> None:
    world.roles["sup1"] = "stopped"
    world.run(2)
    assert world.roles == {"sup1": "writer", "sup2": "follower"}

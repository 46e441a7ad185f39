"""What a hypervisor does with its guests, and the forms in which its interface answers."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import io
import json
import stat
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakepve import schema  # type: ignore[import-untyped] # it has no types

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "roles" / "hyperviseur" / "files"
RECORDED = (ROOT / "tests" / "recorded" / "grappe" / "crm_mon.xml").read_text(encoding="utf-8")
PROGRAMS = (
    *("acces", "alimentation", "amorce", "commun", "facade", "fence_recette", "grappe", "invite", "machine"),
    *("pont", "pve", "qmp", "ressource", "stockage", "taches"),
)
NOW = 1_764_150_000
KEY = "a key of the cluster"
TOLD = {
    "cluster": "fontenay",
    "node": "pve1",
    "fsid": "f105b648-204c-4b86-a81f-6ee64eeeddcc",
    "nodes": [
        {"name": f"pve{n}", "address": f"10.94.41.1{n}", "storage": f"10.94.42.1{n}", "certified": f"pve{n}.example"}
        for n in (1, 2, 3)
    ],
    "keys": {name: f"key-of-{name}" for name in ("mon", "admin", "mgr", "osd", "guests")},
    "pool": "machines",
    "storage_user": "machines",
    "bridge": "virtualisation",
    "internal_key": KEY,
    "fencing": "controller",
    "template": {"vmid": 9000, "name": "modele", "disk_mib": 64},
    "users": [
        {
            "userid": "recette@pve",
            "role": "PVEAdmin",
            "password_sha256": hashlib.sha256(b"drawn").hexdigest(),
            "token_id": "roles",
            "token_sha256": hashlib.sha256(b"value").hexdigest(),
        },
        {
            "userid": "supervision@pve",
            "role": "PVEAuditor",
            "password_sha256": hashlib.sha256(b"other").hexdigest(),
            "token_id": "",
            "token_sha256": "",
        },
    ],
}


@pytest.fixture(scope="module")
def hv() -> Iterator[Any]:
    """The programs, by their names."""
    folder = str(FOLDER / "programmes")
    sys.path.insert(0, folder)
    yield type("Hypervisor", (), {name: importlib.import_module(name) for name in PROGRAMS})
    sys.path.remove(folder)


def tree(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - made by what is tested


def cib(hv: Any) -> str:
    """A configuration as cibadmin prints it: four guests, of which three are kept, and a rule."""
    root = ET.Element("configuration")
    resources, constraints = ET.SubElement(root, "resources"), ET.SubElement(root, "constraints")
    for vmid in (100, 101, 102, 103):
        given = {"name": f"invite-{vmid}", "ipconfig0": f"ip=10.94.41.{vmid}/24,gw=10.94.41.1"}
        primitive = tree(hv.grappe.primitive(vmid, given))
        meta = primitive.find("meta_attributes")
        assert meta is not None
        if vmid != 102:
            ET.SubElement(meta, "nvpair", {"id": f"h{vmid}", "name": hv.grappe.HELD, "value": "1"})
            for pair in meta:
                if pair.get("name") == "target-role":
                    pair.set("value", "Started")
        resources.append(primitive)
    apart = hv.grappe.Rule("paire", "negative", (100, 101, 103))
    constraints.extend(tree(hv.grappe.constraints(apart)))
    return ET.tostring(root, encoding="unicode")


@pytest.fixture
def picture(hv: Any) -> Any:
    return hv.pve.Picture(
        here="pve1",
        name="fontenay",
        nodes=hv.commun.nodes(TOLD),
        cluster=hv.grappe.cluster(RECORDED),
        configuration=hv.grappe.configuration(cib(hv)),
        template=9000,
        template_name="modele",
    )


def returns(method: str, path: str) -> Any:
    """What Proxmox VE 9 says that it answers."""
    return schema.load().match(path).methods[method]["returns"]


def conforms(method: str, path: str, answer: Any) -> list[str]:
    """What an answer has otherwise than Proxmox says, or lacks."""
    return list(otherwise(returns(method, path), json.loads(json.dumps(answer)), path))


def otherwise(described: Any, answer: Any, where: str) -> Iterator[str]:
    """The oracle itself judges single values only: lists and objects are taken apart here."""
    if described.get("type") == "array" and isinstance(answer, list):
        for item in answer:
            yield from otherwise(described.get("items", {}), item, f"{where}[]")
    elif described.get("type") == "object" and isinstance(answer, dict):
        for name, what in described.get("properties", {}).items():
            if name in answer:
                yield from otherwise(what, answer[name], f"{where}.{name}")
            elif not what.get("optional"):
                yield f"{where}.{name}: missing"
    else:
        _, wrong = schema.check_value(described, answer)
        if wrong:
            yield f"{where}: {wrong}"


def parameters(described: Any) -> dict[str, Any]:
    """Every parameter, whichever of its forms a method takes."""
    found = dict(described.get("properties", {}))
    for part in (*described.get("allOf", ()), *described.get("oneOf", ())):
        if part.get("instance-type") in (None, "resource-affinity"):
            found |= parameters(part)
    # Which of its forms is meant.
    return found | ({described["type-property"]: {}} if "type-property" in described else {})


# The state of the cluster


def test_the_state_is_what_pacemaker_says(hv: Any) -> None:
    seen = hv.grappe.cluster(RECORDED)
    assert (seen.coordinator, seen.quorate) == ("pve1", True)
    assert [seen.alive(name) for name in ("pve1", "pve2", "pve3", "pve4", None)] == [True, True, False, False, False]
    assert {vmid: guest.node for vmid, guest in seen.guests.items()} == {100: "pve1", 101: "pve3", 102: None, 103: None}


def test_a_cluster_without_coordinator_has_no_quorum(hv: Any) -> None:
    seen = hv.grappe.cluster('<pacemaker-result><summary><current_dc present="false"/></summary></pacemaker-result>')
    assert (seen.coordinator, seen.quorate, dict(seen.members)) == (None, False, {})


def test_what_is_configured_is_read_as_it_was_written(hv: Any) -> None:
    found = hv.grappe.configuration(cib(hv))
    assert {vmid: (each.held, each.wanted) for vmid, each in found.guests.items()} == {
        100: (True, True),
        101: (True, True),
        102: (False, False),
        103: (True, True),
    }
    assert found.rules["paire"] == hv.grappe.Rule("paire", "negative", (100, 101, 103))


def test_guests_that_stay_together_are_a_chain(hv: Any) -> None:
    rule = hv.grappe.Rule("ensemble", "positive", (100, 101, 102))
    text = f"<configuration>{hv.grappe.constraints(rule)}</configuration>"
    assert len(list(tree(text).iter("rsc_colocation"))) == 2
    assert hv.grappe.configuration(text).rules == {"ensemble": rule}


# Forms


def test_every_route_is_one_of_proxmox_with_parameters_that_it_knows(hv: Any, tmp_path: Path) -> None:
    service = object.__new__(hv.facade.Service)
    service.tasks = hv.taches.Tasks("pve1", tmp_path)
    routes = service._routes()
    assert len(routes) > 25
    for route in routes:
        found = schema.load().match(
            route.template.format(node="pve1", vmid=100, sid="vm:100", rule="paire", upid=UPID.format(hv=hv))
        )
        assert found is not None, route.template
        assert route.method in found.methods, route.template
        known = parameters(found.methods[route.method].get("parameters", {}))
        patterns = [name.split("[")[0] for name in known]
        for name in (*route.required, *route.optional):
            assert name in known or name.rstrip("0123456789") in patterns, (route.template, name)
        needed = {
            name
            for name, what in known.items()
            if not what.get("optional") and name not in ("node", "vmid", "sid", "rule", "upid")
        }
        assert needed <= set(route.required) | set(route.optional), (route.template, needed)


UPID = "UPID:pve1:00000001:00000001:69269F70:hamigrate:100:recette@pve:"


def test_answers_have_the_form_of_proxmox(hv: Any, picture: Any) -> None:
    pve = hv.pve
    guest = picture.configuration.guests[100]
    answers = {
        "/version": pve.version(),
        "/cluster/status": pve.cluster_status(picture),
        "/cluster/resources": pve.resources(picture, None),
        "/cluster/ha/status/current": pve.ha_status(picture, NOW),
        "/cluster/ha/resources": [pve.ha_resource(100, guest)],
        "/cluster/ha/resources/vm:100": pve.ha_resource(100, guest),
        "/cluster/ha/rules": [pve.ha_rule(rule) for rule in picture.configuration.rules.values()],
        "/nodes": pve.nodes(picture),
        "/nodes/pve1/qemu/100/config": pve.guest_config(guest, "virtualisation", "machines"),
        f"/nodes/pve1/tasks/{UPID}/status": hv.taches.Task(UPID).form(),
        "/nodes/pve1/tasks": [hv.taches.Task(UPID, ended=NOW, exitstatus="OK").line()],
    }
    assert {path: wrong for path, answer in answers.items() if (wrong := conforms("GET", path, answer))} == {}


def test_the_oracle_notices_a_wrong_form() -> None:
    assert conforms("GET", "/cluster/status", [{"type": "node", "id": "node/pve1"}])
    node = {"type": "node", "id": "node/pve1", "name": "pve1"}
    assert conforms("GET", "/cluster/status", [node]) == []
    assert conforms("GET", "/cluster/status", [{**node, "type": "guest"}])


def test_the_states_of_guests_are_told_as_proxmox_does(hv: Any, picture: Any) -> None:
    told = {each["vmid"]: each for each in hv.pve.resources(picture, "vm")}
    assert {vmid: (each["status"], each.get("hastate")) for vmid, each in told.items()} == {
        100: ("running", "started"),
        # Its node is being fenced: nobody knows.
        101: ("unknown", "fence"),
        102: ("stopped", None),
        103: ("stopped", "recovery"),
        9000: ("stopped", None),
    }
    assert [each["template"] for each in told.values()] == [0, 0, 0, 0, 1]
    states = {each["id"]: each["status"] for each in hv.pve.ha_status(picture, NOW)}
    assert states["quorum"] == "OK"
    assert [states[f"lrm:pve{n}"].split(",")[0] for n in (1, 2, 3)] == [
        "pve1 (active",
        "pve2 (maintenance mode",
        "pve3 (old timestamp - dead?",
    ]


def test_a_guest_is_not_found_where_it_is_not(hv: Any, picture: Any) -> None:
    assert picture.settings(100, "pve1").held
    for vmid, node in ((100, "pve2"), (999, "pve1")):
        with pytest.raises(hv.pve.RefusedError, match="does not exist"):
            picture.settings(vmid, node)


def test_what_is_not_known_is_not_answered(hv: Any, picture: Any) -> None:
    with pytest.raises(hv.pve.RefusedError) as caught:
        hv.pve.resources(picture, "storage")
    assert caught.value.code == 501


@pytest.mark.parametrize("text", ["", "UPID:", "UPID:pve1:x:1:1:a:b:c:", UPID + "x", "upid:pve1:1:1:1:a:b:c:"])
def test_a_name_that_is_no_task_is_refused(hv: Any, text: str) -> None:
    with pytest.raises(hv.pve.RefusedError):
        hv.pve.upid_parts(text)


def test_the_name_of_a_task_says_what_it_is(hv: Any) -> None:
    made = hv.pve.upid("pve1", (1, 1, 0x69269F70), ("hamigrate", "100"), "recette@pve")
    assert made == UPID
    assert hv.pve.upid_parts(made)["type"] == "hamigrate"


# Who may ask


def headers(hv: Any, access: Any, user: str, password: str) -> dict[str, str]:
    told = access.log_on(user, password, NOW)
    return {"Cookie": f"x=y; {hv.acces.COOKIE}{told['ticket']}", "CSRFPreventionToken": told["CSRFPreventionToken"]}


def test_a_ticket_proves_who_asks_for_two_hours(hv: Any) -> None:
    access = hv.acces.Access(TOLD["users"], KEY)
    sent = headers(hv, access, "recette@pve", "drawn")
    caller = access.caller(sent, NOW + 7000)
    assert (caller.user, caller.may_write) == ("recette@pve", True)
    access.allow_order(caller, sent["CSRFPreventionToken"], NOW)
    for token in ("", "x", access.csrf("supervision@pve", NOW), access.csrf("recette@pve", NOW - 8000)):
        with pytest.raises(hv.pve.RefusedError, match="csrf"):
            access.allow_order(caller, token, NOW)
    with pytest.raises(hv.pve.RefusedError, match="invalid PVE ticket"):
        access.caller(sent, NOW + 7300)


def test_a_ticket_is_good_on_every_node_and_on_no_other_cluster(hv: Any) -> None:
    sent = headers(hv, hv.acces.Access(TOLD["users"], KEY), "recette@pve", "drawn")
    assert hv.acces.Access(TOLD["users"], KEY).caller(sent, NOW).by_ticket
    with pytest.raises(hv.pve.RefusedError):
        hv.acces.Access(TOLD["users"], "another key").caller(sent, NOW)


@pytest.mark.parametrize(
    ("user", "password"),
    [("recette@pve", "other"), ("recette@pve", ""), ("nobody@pve", "drawn"), ("recette@pam", "drawn"), ("", "")],
)
def test_a_wrong_password_gives_no_ticket(hv: Any, user: str, password: str) -> None:
    with pytest.raises(hv.pve.RefusedError, match="authentication failure"):
        hv.acces.Access(TOLD["users"], KEY).log_on(user, password, NOW)


@pytest.mark.parametrize(
    "said",
    [
        "PVEAPIToken=recette@pve!roles=other",
        "PVEAPIToken=recette@pve!roles=",
        "PVEAPIToken=recette@pve=value",
        "PVEAPIToken=supervision@pve!=",
        "PVEAPIToken=supervision@pve!roles=value",
        "Basic value",
        "",
    ],
)
def test_a_wrong_token_is_refused(hv: Any, said: str) -> None:
    with pytest.raises(hv.pve.RefusedError):
        hv.acces.Access(TOLD["users"], KEY).caller({"Authorization": said}, NOW)


def test_an_auditor_only_looks(hv: Any) -> None:
    access = hv.acces.Access(TOLD["users"], KEY)
    writer = access.caller({"Authorization": "PVEAPIToken=recette@pve!roles=value"}, NOW)
    access.allow_order(writer, "", NOW)
    sent = headers(hv, access, "supervision@pve", "other")
    with pytest.raises(hv.pve.RefusedError, match="Permission check failed"):
        access.allow_order(access.caller(sent, NOW), sent["CSRFPreventionToken"], NOW)


# Requests


def test_what_is_not_backed_answers_501(hv: Any) -> None:
    route = hv.facade.Route("POST", "/nodes/{node}/qemu/{vmid}/clone", lambda _: None, ("newid",), ("name",))
    assert route.pattern.fullmatch("/nodes/pve1/qemu/9000/clone")
    assert not route.pattern.fullmatch("/nodes/pve1/qemu/x/clone")
    route.check({"newid": "100"})
    for words, code in (({}, 400), ({"newid": "100", "storage": "elsewhere"}, 501)):
        with pytest.raises(hv.pve.RefusedError) as caught:
            route.check(words)
        assert caught.value.code == code
    service = object.__new__(hv.facade.Service)
    service.routes = [route]
    with pytest.raises(hv.pve.RefusedError) as caught:
        service.answer("GET", "/nodes/pve1/apt/update", {}, hv.acces.Caller("recette@pve", "PVEAdmin"))
    assert caught.value.code == 501


@pytest.mark.parametrize(
    "words",
    [
        {"name": "a b"},
        {"name": "x,accel=kvm"},
        {"memory": "-1"},
        {"memory": "96,slots=2"},
        {"ipconfig0": "ip=dhcp"},
        {"ipconfig0": "ip=10.94.41.100/24 init=/bin/sh"},
    ],
)
def test_nothing_slips_into_the_command_of_a_guest(hv: Any, words: dict[str, str]) -> None:
    with pytest.raises(hv.pve.RefusedError):
        hv.facade._check_attributes(words)  # noqa: SLF001 - a gate, tested by itself


def test_a_task_tells_how_it_ended_and_survives_the_service(hv: Any, tmp_path: Path) -> None:
    tasks = hv.taches.Tasks("pve1", tmp_path)

    def fails(tell: Any) -> None:
        tell("first words")
        raise hv.commun.CommandError("rbd: no such image")

    names = [tasks.begin("qmclone", "100", "recette@pve", body) for body in (lambda tell: tell("done"), fails)]
    deadline = time.monotonic() + 5
    while any(tasks.get(name).ended is None for name in names) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [tasks.get(name).form()["exitstatus"] for name in names] == ["OK", "rbd: no such image"]
    assert tasks.get(names[1]).log == ["first words", "TASK ERROR: rbd: no such image"]
    again = hv.taches.Tasks("pve1", tmp_path)
    assert {each["upid"] for each in again.listed()} == set(names)
    unfinished = hv.taches.Task(UPID)
    (tmp_path / "x.json").write_text(json.dumps(dataclasses.asdict(unfinished)), encoding="utf-8")
    assert hv.taches.Tasks("pve1", tmp_path).get(UPID).form()["exitstatus"] == "unexpected status"


# Guests


def test_a_device_without_a_processor_that_virtualises_accelerates_nothing(hv: Any, tmp_path: Path) -> None:
    device, processor = tmp_path / "kvm", tmp_path / "cpuinfo"
    for flags, there in (("fpu vmx sse", True), ("fpu svm", True), ("fpu hypervisor bmi2", False)):
        processor.write_text(f"processor\t: 0\nflags\t\t: {flags}\n", encoding="ascii")
        assert not hv.machine.accelerated(tmp_path / "none", processor)
        device.touch()
        assert hv.machine.accelerated(device, processor) is there


def test_a_guest_runs_on_an_emulated_processor_only_where_there_is_no_other(hv: Any) -> None:
    guest = hv.machine.Guest.of({"vmid": "100", "name": "invite-a", "ipconfig0": "ip=10.94.41.100/24,gw=10.94.41.1"})
    for kvm, word in ((True, "kvm"), (False, "tcg")):
        line = hv.machine.command(guest, TOLD, kvm=kvm)
        assert line[line.index("-accel") + 1] == word
    text = " ".join(hv.machine.command(guest, TOLD, kvm=False, received_at="tcp:10.94.42.12:60000"))
    assert "recette.nom=invite-a recette.adresse=10.94.41.100/24 recette.passerelle=10.94.41.1" in text
    assert "file=rbd:machines/vm-100-disk-0:id=machines" in text
    assert "werror=stop" in text
    assert text.endswith("-incoming tcp:10.94.42.12:60000")
    assert guest.mac == "bc:24:11:00:00:64"


def test_a_guest_without_number_is_none(hv: Any) -> None:
    with pytest.raises(ValueError, match="vmid"):
        hv.machine.Guest.of({})


@pytest.mark.parametrize(
    ("state", "expected"),
    [("running", (0, 0)), ("paused", (0, 0)), (None, (1, 1)), ("io-error", (1, 1)), ("inmigrate", (0, 7))],
)
def test_pacemaker_is_told_how_a_guest_is(hv: Any, state: str | None, expected: tuple[int, int]) -> None:
    """While it is watched, and when it is looked for at first."""
    assert tuple(hv.ressource.judged(state, active=True, probe=probe) for probe in (False, True)) == expected
    assert hv.ressource.judged(None, active=False, probe=False) == 7


def test_agents_describe_themselves_in_xml(hv: Any) -> None:
    for text in (hv.ressource.metadata(), hv.fence_recette.METADATA):
        assert tree(text).tag == "resource-agent"


def test_qemu_is_asked_in_its_own_protocol(hv: Any) -> None:
    class Stream(io.StringIO):
        said = ""

        def write(self, text: str) -> int:
            self.said += text
            return len(text)

    lines = [
        {"QMP": {}},
        {"return": {}},
        {"event": "RESUME"},
        {"return": {"status": "running"}},
        {"error": {"desc": "no"}},
    ]
    stream = Stream("".join(json.dumps(line) + "\n" for line in lines))
    monitor = hv.qmp.Monitor(stream)
    assert monitor.ask("query-status") == {"status": "running"}
    with pytest.raises(hv.qmp.QmpError, match="no"):
        monitor.ask("migrate", uri="tcp:x")
    with pytest.raises(hv.qmp.QmpError, match="closed"):
        monitor.ask("quit")
    assert '"execute": "migrate", "arguments": {"uri": "tcp:x"}' in stream.said


# Fencing


@pytest.fixture
def wall(hv: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the power controller was asked; pve2 is on, and is cut after two looks."""
    asked: list[str] = []

    def ask(line: str) -> str:
        asked.append(line)
        verb = line.split(maxsplit=1)[0]
        if verb == "status":
            return "on" if asked.count(line) < 3 else "off"
        return {"list": "pve1 pve2", "cuts": "0"}.get(verb, "done")

    monkeypatch.setattr(hv.alimentation, "ask", ask)
    monkeypatch.setattr(hv.fence_recette, "POLL_S", 0.0)
    return asked


def test_a_controller_cuts_at_once(hv: Any, wall: list[str]) -> None:
    told = hv.fence_recette.options([], ["action=reboot\n", "plug=pve2\n", "way=controller\n"])
    assert hv.fence_recette.act(told) == 0
    assert wall == ["cycle pve2"]


def test_a_watchdog_is_waited_for(hv: Any, wall: list[str]) -> None:
    told = hv.fence_recette.options([], ["action=off", "nodename=pve2", "way=watchdog", "wait=5"])
    assert hv.fence_recette.act(told) == 0
    assert not [line for line in wall if line.split()[0] in ("off", "cycle")]
    assert wall.count("status pve2") == 3


def test_a_watchdog_that_does_nothing_is_a_failure(hv: Any, wall: list[str]) -> None:
    told = hv.fence_recette.options(["-o", "off", "-n", "pve2"], []) | {"way": "watchdog", "wait": "-1"}
    assert hv.fence_recette.act(told) == 1
    assert hv.fence_recette.act({**told, "action": "unknown"}) == 1
    assert wall


# First steps


def test_every_node_has_fencing_that_it_does_not_run_itself(hv: Any) -> None:
    wanted = hv.amorce.properties(TOLD)
    found = tree(wanted)
    assert [each.get("id") for each in found.iter("primitive")] == ["fence-pve1", "fence-pve2", "fence-pve3"]
    assert [(each.get("rsc"), each.get("node")) for each in found.iter("rsc_location")] == [
        (f"fence-pve{n}", f"pve{n}") for n in (1, 2, 3)
    ]
    assert hv.amorce.differences(wanted, wanted) == []
    assert hv.amorce.differences(wanted.replace('value="stop"', 'value="ignore"'), wanted) == [
        "cib-bootstrap-options-no-quorum-policy"
    ]


def test_the_user_of_the_guests_may_use_their_images_and_nothing_else(hv: Any) -> None:
    told = hv.amorce.keyring(TOLD["keys"], "machines", hv.commun.nodes(TOLD))
    last = told.partition("[client.machines]")[2]
    assert "allow" not in last
    assert 'caps osd = "profile rbd pool=machines"' in last
    assert told.count("[mgr.pve") == 3


def test_a_disk_is_the_same_for_the_same_node(hv: Any) -> None:
    members = list(hv.commun.nodes(TOLD).values())
    names = [hv.amorce.disk_uuid(TOLD["fsid"], node) for node in members]
    assert len(set(names)) == 3
    assert names == [hv.amorce.disk_uuid(TOLD["fsid"], node) for node in members]
    assert [hv.amorce.disk(node) for node in members] == ["0", "1", "2"]


def test_a_bridge_takes_the_place_of_the_interface(hv: Any, tmp_path: Path) -> None:
    (tmp_path / "virtualisation").mkdir()
    assert hv.pont.needed("virtualisation", tmp_path)
    (tmp_path / "virtualisation" / "bridge").mkdir()
    assert not hv.pont.needed("virtualisation", tmp_path)
    with pytest.raises(SystemExit):
        hv.pont.needed("stockage", tmp_path)
    lines = hv.pont.commands("virtualisation", "52:54:00:00:00:01")
    assert "link set virtualisation name carte0" in lines
    assert any(line.startswith("link add virtualisation address 52:54:00:00:00:01 type bridge") for line in lines)


def test_modules_are_loaded_after_those_that_they_need(hv: Any, tmp_path: Path) -> None:
    (tmp_path / "modules.dep").write_text(
        "kernel/net/failover.ko.xz:\n"
        "kernel/drivers/net/net_failover.ko.xz: kernel/net/failover.ko.xz\n"
        "kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/failover.ko.xz\n",
        encoding="ascii",
    )
    (tmp_path / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n", encoding="ascii")
    found = hv.invite.needed(("virtio-net", "ext4"), tmp_path)
    assert [path.name for path in found] == ["failover.ko.xz", "net_failover.ko.xz", "virtio_net.ko.xz"]
    with pytest.raises(SystemExit, match="virtio_blk"):
        hv.invite.needed(("virtio_blk",), tmp_path)


def test_the_archive_of_a_guest_is_what_the_kernel_reads(hv: Any) -> None:
    members = [("bin", stat.S_IFDIR | 0o755, b""), ("init", stat.S_IFREG | 0o755, b"#!/bin/sh\n"), ("bin", 0o755, b"")]
    packed = b"".join(hv.invite.cpio(iter(members)))
    assert len(packed) % 4 == 0
    assert packed.count(b"070701") == 3
    head = packed[packed.index(b"init\0") - 110 :]
    assert (int(head[14:22], 16), int(head[54:62], 16)) == (0o100755, 10)
    assert b"TRAILER!!!" in packed

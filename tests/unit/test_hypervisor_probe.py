"""The driver of the cluster, by the real proxmoxer, against the real interface in front of a recorded cluster."""

from __future__ import annotations

import importlib
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from recette.errors import Inconclusive
from recette.probes.hypervisor import Acknowledged, Guest, Hypervisor, Rule, broken, model, writing
from recette.probes.hypervisor.api import token
from recette.probes.hypervisor.tunnel import Tunnel
from recette.secrets import Secrets
from recette.shell import Completed
from recette.site import Site, find_site
from tests.unit.test_hyperviseur_programmes import FOLDER, RECORDED, TOLD, cib

SITE = Site.load(find_site("jumeau"))
SECRETS = Secrets(b"a root of thirty-two characters at least")
VALUE = token(SECRETS.of("hyperviseur/jeton"))
CEPH = {
    "health": {"status": "HEALTH_WARN", "checks": {"OSD_DOWN": {}, "PG_DEGRADED": {}}},
    "quorum_names": ["pve1", "pve2"],
    "osdmap": {"num_osds": 3, "num_up_osds": 2, "num_in_osds": 3},
    "pgmap": {"pgs_by_state": [{"state_name": "active+undersized+degraded", "count": 33}]},
}


def certificate(folder: Path, names: list[str]) -> Path:
    """A certificate that signed itself, with its key; the path has no suffix."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "hyperviseur"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.with_suffix(".pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return path


class Cluster:
    """An interface in service on this machine; `reached` are the nodes whose connections come to it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.reached = {"pve1", "pve2", "pve3"}
        self.calls: list[str] = []

    def channel(self, target: str, _port: int) -> socket.socket:
        self.calls.append(target.partition(".")[0])
        if target.partition(".")[0] not in self.reached:
            near, far = socket.socketpair()
            far.close()
            return near
        return socket.create_connection(("127.0.0.1", self.port))

    def run(self, _host: str, _script: str) -> Completed:
        """Stands for the console, which has the authority of the site."""
        return Completed(0, (self.folder / "hyperviseur.pem").read_text(encoding="ascii"), "")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    folder = str(FOLDER / "programmes")
    monkeypatch.syspath_prepend(folder)
    programs = {name: importlib.import_module(name) for name in ("facade", "grappe", "taches", "acces", "stockage")}
    facade, grappe = programs["facade"], programs["grappe"]
    hv = type("Programs", (), programs)
    configuration = cib(hv)
    monkeypatch.setattr(grappe, "look", lambda: grappe.cluster(RECORDED))
    monkeypatch.setattr(grappe, "configured", lambda: grappe.configuration(configuration))
    monkeypatch.setattr(facade, "ceph_status", lambda: CEPH)
    monkeypatch.setattr(programs["taches"], "FOLDER", tmp_path / "taches")
    monkeypatch.setattr(facade.Tasks.__init__, "__defaults__", (tmp_path / "taches",))
    users = [{"userid": "recette@pve", "role": "PVEAdmin", "token_id": "roles", "token_sha256": _digest(VALUE)}]
    service = facade.Service({**TOLD, "users": users, "trust": str(tmp_path / "hyperviseur.pem")})
    monkeypatch.setattr(service, "_template_seen", True)
    monkeypatch.setattr(facade.Handler, "service", service, raising=False)
    monkeypatch.setattr(facade.Handler, "log_message", lambda *_: None)
    server = facade.Server(("127.0.0.1", 0), facade.Handler)
    names = [f"pve{n}.{SITE.dns}" for n in (1, 2, 3)]
    path = certificate(tmp_path, names)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path.with_suffix(".pem"), path.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(Secrets, "of_site", classmethod(lambda *_: SECRETS))
    yield Cluster(tmp_path, server.server_address[1])
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def hypervisor(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hypervisor]:
    monkeypatch.setattr(Tunnel, "channel", lambda _, target, port: cluster.channel(target, port))
    made = Hypervisor(SITE, cluster)  # type: ignore[arg-type] # it stands for the way to the console
    yield made
    made.close()


def _digest(text: str) -> str:
    return importlib.import_module("hashlib").sha256(text.encode()).hexdigest()  # type: ignore[no-any-return]


def test_proxmoxer_reads_what_the_cluster_is(hypervisor: Hypervisor) -> None:
    members = hypervisor.members()
    assert (members.quorate, members.absent) == (True, ("pve3",))
    assert [(guest.vmid, guest.node, guest.status, guest.state) for guest in hypervisor.guests()] == [
        (100, "pve1", "running", "started"),
        (101, "pve3", "unknown", "fence"),
        (102, "pve1", "stopped", ""),
        (103, "pve1", "stopped", "recovery"),
    ]
    assert hypervisor.managers() == {"pve1": "active", "pve2": "maintenance mode", "pve3": "old timestamp - dead?"}
    assert hypervisor.rules() == (Rule("paire", "negative", frozenset({100, 101, 103})),)
    assert hypervisor.address(hypervisor.guest(100)) == "10.94.41.100"


def test_the_storage_tells_what_it_complains_of(hypervisor: Hypervisor) -> None:
    found = hypervisor.storage()
    assert (found.health, found.reasons) == ("HEALTH_WARN", ("OSD_DOWN", "PG_DEGRADED"))
    assert (found.disks, found.disks_up, found.clean, found.monitors) == (3, 2, False, ("pve1", "pve2"))


def test_another_node_is_asked_when_one_is_silent(cluster: Cluster, hypervisor: Hypervisor) -> None:
    cluster.reached.discard("pve1")
    assert hypervisor.members().quorate
    assert cluster.calls[-2:] == ["pve1", "pve2"]
    assert hypervisor.members().quorate
    assert cluster.calls[-1] == "pve2"
    cluster.reached.clear()
    hypervisor.close()
    again = Hypervisor(SITE, cluster)  # type: ignore[arg-type] # as above
    with pytest.raises(Inconclusive, match=r"pve1.*pve2.*pve3"):
        again.members()
    again.close()


def test_a_refusal_answers_nothing(hypervisor: Hypervisor) -> None:
    for question in (
        lambda api: api.nodes("pve1").apt.update.get(),
        lambda api: api.nodes("pve1").qemu(999).status.current.get(),
        lambda api: api.nodes("pve1").qemu(100).migrate.post(),
        lambda api: api.cluster.ha.rules.post(rule="x", type="node-affinity", resources="vm:100", affinity="positive"),
    ):
        with pytest.raises(Inconclusive, match=r"refuse|does not exist"):
            hypervisor.ask(question)


def test_a_task_is_followed_to_its_end(hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, str, str]] = []
    monkeypatch.setattr(sys.modules["grappe"], "set_meta", lambda *words: told.append(words))
    upid = hypervisor.ask(lambda api: api.nodes("pve1").qemu(100).status.stop.post())
    ended = threading.Event()
    for _ in range(200):
        if hypervisor.task(upid) is not None:
            break
        ended.wait(0.01)
    assert hypervisor.task(upid) == "OK"
    assert told == [(100, "target-role", "Stopped")]


def test_a_certificate_of_somebody_else_is_not_trusted(
    cluster: Cluster, hypervisor: Hypervisor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    certificate(other, ["pve1"])
    cluster.folder = other
    with pytest.raises(Inconclusive, match="SSLError"):
        hypervisor.members()


@pytest.mark.parametrize("told", [[], [{"type": "cluster", "quorate": 1}], [{"type": "node", "name": "pve1"}]])
def test_a_cluster_that_says_nothing_is_inconclusive(told: list[dict[str, Any]]) -> None:
    with pytest.raises(Inconclusive):
        model.members(told)


@pytest.mark.parametrize("told", [{}, {"health": {}}, {"health": {"status": "HEALTH_OK"}, "osdmap": None}])
def test_a_storage_that_says_nothing_is_inconclusive(told: dict[str, Any]) -> None:
    with pytest.raises(Inconclusive):
        model.storage(told)


def test_a_rule_is_broken_by_where_guests_run() -> None:
    def guest(vmid: int, node: str, status: str = "running") -> Guest:
        return Guest(vmid, f"invite-{vmid}", node, status, "started")

    apart, together = Rule("paire", "negative", frozenset({100, 101})), Rule("duo", "positive", frozenset({100, 101}))
    same, other = (guest(100, "pve1"), guest(101, "pve1")), (guest(100, "pve1"), guest(101, "pve2"))
    assert broken(same, [apart, together]) == ("paire : pve1, pve1",)
    assert broken(other, [apart, together]) == ("duo : pve1, pve2",)
    assert broken((guest(100, "pve1"), guest(101, "pve1", "stopped")), [apart]) == ()


def test_what_was_acknowledged_is_looked_for_on_the_disk() -> None:
    told = [Acknowledged(number, float(number), number + 0.1) for number in (1, 2, 3)]
    kept = "a-1 boot1\nb-1 boot9\na-2 boot1\na-3 boot2\na-4 boot2\na-5"
    found = writing.parse(kept, "a")
    assert (found.lost(told), found.interleaved(), found.boots()) == ((), (), 2)
    assert writing.parse("a-1 boot1\na-3 boot2\n", "a").lost(told) == (2,)
    assert writing.parse("a-1 boot1\na-2 boot2\na-3 boot1\n", "a").interleaved() == ("boot1",)
    assert writing.longest_gap([*told, Acknowledged(4, 4.0, 33.1)]) == pytest.approx(30.0)
    assert writing.longest_gap(told[:1]) == 0.0

"""The flow matrix of the twin says what the contract asks, and each mistake in a matrix is one clear line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.evidence.register import load_register
from recette.site import Flow, Host, Ports, Site

ROOT = Path(__file__).parents[2]
TWIN = ROOT / "sites" / "jumeau"
HEADER = "numero;source;destination;protocole;ports;exigence;commentaire"
Matrix = Callable[[str | bytes], Path]


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(TWIN)


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    """Write a matrix over a copy of the twin's inventory."""
    copy = tmp_path / "copie"
    shutil.copytree(TWIN, copy)

    def write(content: str | bytes) -> Path:
        (copy / "flux.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        return copy

    return write


def refusal(path: Path) -> str:
    with pytest.raises(RecetteError) as caught:
        Site.load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}/")


def flows_between(site: Site, source: str, target: str) -> set[tuple[str, str]]:
    """Return the (protocol, ports) that the matrix opens from a host to another, tunnels included."""
    ends = site.host(source), site.host(target)
    return {
        (flow.protocol, str(ports))
        for flow in site.flows
        if ends[0] in site.expand(flow.source) and ends[1] in site.expand(flow.destination)
        for ports in flow.ports or ("",)
    }


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (
            "poste-b30",
            "dc2",
            "udp/53 tcp/53 udp/88 tcp/88 tcp/389 tcp/636 tcp/445 tcp/3268-3269 tcp/464 udp/464 udp/123",
        ),
        ("poste-secu", "mail1", "tcp/993 tcp/465 tcp/587"),
        ("poste-b90", "mandataire", "tcp/443"),
        ("telephone-1", "pbx2", "tcp/5061 udp/10000-10999"),
        ("pbx1", "telephone-2", "udp/10000-10999"),
        ("pbx1", "sbc", "tcp/5061 udp/10000-10999"),
        ("sbc", "pbx2", "tcp/5061 udp/10000-10999"),
        ("sbc", "operateur", "udp/5060 udp/10000-10999"),
        ("operateur", "sbc", "udp/5060 udp/10000-10999"),
        ("attaquant", "mx-1", "tcp/25"),
        ("nomade", "mandataire", "tcp/443"),
        ("mx-1", "mail2", "tcp/25"),
        ("mail1", "mx-1", "tcp/25"),
        ("mx-1", "mx-externe", "tcp/25 udp/53"),
        ("siege-gw", "fw-ext-1", "udp/500 udp/4500 esp/"),
        ("siege-poste", "dc1", "tcp/636 udp/53"),
        ("ligne-b70", "siem1", "tcp/6514 tcp/1514 tcp/1515"),
        ("fw-int-2", "siem1", "tcp/6514"),
        ("sup1", "gtb", "tcp/10050 icmp/"),
        ("sup2", "fw-ext-1", "tcp/10050 icmp/"),
        ("mail1", "bkp1", "tcp/8000"),
        ("bastion", "ligne-b30", "tcp/22"),
        ("bastion", "fw-ext-2", "tcp/22"),
        ("bastion", "pve1", "tcp/22 tcp/8006"),
        ("pve1", "pve3", "udp/5405-5412 tcp/3300"),
        ("ligne-b30", "dc1", "udp/123"),
        ("dc1", "attaquant", "udp/53 udp/123"),
    ],
)
def test_minimum_flow_is_open(site: Site, source: str, target: str, expected: str) -> None:
    wanted = {(word.split("/")[0], word.split("/")[1]) for word in expected.split()}
    assert wanted <= flows_between(site, source, target)


def test_production_talks_only_through_its_conduits(site: Site) -> None:
    lines = site.members("lignes")
    for host in site.hosts.values():
        for line in (line for line in lines if line is not host):
            out = flows_between(site, line.name, host.name)
            back = flows_between(site, host.name, line.name)
            assert out <= {"dc": {("udp", "123")}}.get(host.redundancy or "", logs(host.name)), host.name
            assert back <= {"bastion": {("tcp", "22")}}.get(host.name, watch(host.redundancy, line)), host.name


def logs(name: str) -> set[tuple[str, str]]:
    return {("tcp", "6514"), ("tcp", "1514"), ("tcp", "1515")} if name == "siem1" else set()


def watch(redundancy: str | None, line: Host) -> set[tuple[str, str]]:
    """What the supervision asks of a line: its agent, and the UPS of the one that has it."""
    power = {("tcp", "3493")} if "onduleurs" in line.groups else set()
    return {("tcp", "10050"), ("icmp", "")} | power if redundancy == "sup" else set()


def test_only_the_bastion_opens_ssh_across_zones(site: Site) -> None:
    for flow in site.flows:
        if flow.protocol == "tcp" and any(22 in ports for ports in flow.ports) and site.crosses(flow):
            assert flow.source == ("bastion",), flow.id


def test_dmz_asks_nothing_of_the_directory(site: Site) -> None:
    for host in site.members("dmz"):
        assert not flows_between(site, host.name, "dc1")


def test_every_flow_is_justified_by_the_register(site: Site) -> None:
    known = {requirement.id for requirement in load_register(ROOT / "features" / "exigences.yml")}
    assert len(known) == 14
    assert {flow.requirement for flow in site.flows} <= known
    assert all(flow.comment for flow in site.flows)


def test_tunnel_published_and_local_flows_are_told_apart(site: Site) -> None:
    assert {flow.id for flow in site.flows if flow.published} == {"FLX-014", "FLX-020", "FLX-038"}
    assert {flow.id for flow in site.flows if flow.tunnel} == {f"FLX-{number:03}" for number in range(44, 56)}
    local = {flow.id for flow in site.flows if not site.crosses(flow)}
    voice = {f"FLX-{number:03}" for number in range(28, 33)}
    assert local == {"FLX-017", *voice, "FLX-067", "FLX-090", "FLX-091", "FLX-092"}


def test_flow_keeps_what_was_written(site: Site) -> None:
    flow = site.flow("FLX-037")
    assert flow == Flow(
        "FLX-037",
        ("sbc",),
        ("operateur",),
        "udp",
        (Ports(5060, 5060), Ports(10000, 10999)),
        "EXG-F-04",
        "Jonction avec l'opérateur (SIP et RTP)",
        flow.line,
    )
    assert " ".join(map(str, flow.ports)) == "5060 10000-10999"
    assert (TWIN / "flux.csv").read_text(encoding="utf-8").splitlines()[flow.line - 1].startswith("FLX-037;")


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n# remarque ; avec point-virgule\n\nFLX-001;dmz;siem1;tcp;6514;EXG-F-07;journaux, chiffrés\n",
        f"\ufeff{HEADER}\r\nFLX-001;dmz;siem1;TCP;6514;EXG-F-07;journaux, chiffrés\r\n;;;;;;\r\n",
        f'{HEADER.replace(";", ",")}\nFLX-001,dmz,siem1,tcp,6514,EXG-F-07,"journaux, chiffrés"\n',
        f'{HEADER}\n"FLX-001";"dmz";"siem1";"tcp";"6514";"EXG-F-07";"journaux, chiffrés"',
        f"{HEADER.upper()}\n FLX-001 ; dmz ;siem1; tcp;6514;EXG-F-07;journaux, chiffrés\n",
    ],
    ids=["semicolon", "bom-crlf", "comma", "quoted", "spaces"],
)
def test_spreadsheet_habits_are_accepted(matrix: Matrix, content: str) -> None:
    (flow,) = Site.load(matrix(content)).flows
    assert (flow.id, flow.source, flow.protocol, flow.comment) == ("FLX-001", ("dmz",), "tcp", "journaux, chiffrés")


def test_empty_matrix_opens_nothing(matrix: Matrix) -> None:
    assert Site.load(matrix(f"{HEADER}\n")).flows == ()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("FLX-001;postes-b30;dc;tcp;53;EXG-F-01;x", "unknown zone, host or group postes-b30: did you mean poste-b30?"),
        ("FLX-001;dmz;siem;tcp;53;;x", "FLX-001 has no requirement: write the one that justifies it"),
        ("FLX-001;dmz;siem;tcp;53;EXG-F-1;x", "FLX-001 cites the malformed requirement EXG-F-1"),
        ("FLX-1;dmz;siem;tcp;53;EXG-F-01;x", "flow number FLX-1: FLX- and three digits are expected"),
        ("FLX-001;dmz;siem;tcq;53;EXG-F-01;x", "FLX-001: unknown protocol tcq: did you mean tcp?"),
        ("FLX-001;dmz;siem;tcp;;EXG-F-01;x", "FLX-001: tcp needs at least one port"),
        ("FLX-001;sup;site;icmp;8;EXG-F-01;x", "FLX-001: icmp takes no port"),
        ("FLX-001;dmz;siem;tcp;0;EXG-F-01;x", "FLX-001: bad port 0: 443 or 10000-10999 is expected"),
        ("FLX-001;dmz;siem;tcp;65536;EXG-F-01;x", "FLX-001: bad port 65536"),
        ("FLX-001;dmz;siem;tcp;20-10;EXG-F-01;x", "FLX-001: bad port 20-10"),
        ("FLX-001;dmz;siem;tcp;http;EXG-F-01;x", "FLX-001: bad port http"),
        ("FLX-001;;siem;tcp;53;EXG-F-01;x", "FLX-001 needs a source and a destination"),
        ("FLX-001;dmz;siem;tcp;53;EXG-F-01", "6 columns, 7 are expected"),
        ("FLX-001;dmz;siem;tcp;53;EXG-F-01;a;b", "8 columns, 7 are expected"),
        ('FLX-001;dmz;siem;tcp;53;EXG-F-01;"a', "malformed CSV: a quote is opened and not closed on the line"),
        ("FLX-001;siege dmz;dc;tcp;53;EXG-F-01;x", "mixes ends inside, outside and behind a tunnel (siege dmz)"),
        ("FLX-001;internet dmz;siem1;tcp;53;EXG-F-01;x", "mixes ends inside, outside and behind a tunnel"),
        ("FLX-001;internet;dc1;tcp;53;EXG-F-01;x", "FLX-001 opens dc1 to the outside: one host of the DMZ, or level 1"),
        ("FLX-001;internet;dmz;tcp;53;EXG-F-01;x", "FLX-001 opens dmz to the outside: one host of the DMZ, or level 1"),
        ("FLX-001;internet;fw-int;tcp;53;EXG-F-01;x", "FLX-001 opens fw-int to the outside"),
    ],
)
def test_mistake_is_one_line_with_its_place(matrix: Matrix, row: str, expected: str) -> None:
    message = refusal(matrix(f"# en-tête\n{HEADER}\n{row}\n"))
    assert message.startswith("flux.csv:3: "), message
    assert expected in message


def test_number_used_twice(matrix: Matrix) -> None:
    row = "FLX-001;dmz;siem1;tcp;6514;EXG-F-07;x\n"
    assert refusal(matrix(f"{HEADER}\n{row}{row}")) == (
        "flux.csv:3: flow number FLX-001 is already used line 2: numbers are unique"
    )


def test_port_published_twice(matrix: Matrix) -> None:
    rows = "FLX-001;internet;mandataire;tcp;80 443;EXG-F-05;x\nFLX-002;operateur;sbc;tcp;400-500;EXG-F-04;x\n"
    assert refusal(matrix(f"{HEADER}\n{rows}")) == (
        "flux.csv:3: FLX-002 publishes a port that FLX-001 already sends to mandataire"
    )


@pytest.mark.parametrize("content", ["", "# rien\n", ";;;\n"])
def test_empty_file_says_its_header(matrix: Matrix, content: str) -> None:
    assert refusal(matrix(content)) == f"flux.csv: empty flow matrix; its first line is {HEADER}"


def test_wrong_header(matrix: Matrix) -> None:
    assert refusal(matrix("id;source\n")) == f"flux.csv:1: wrong header: {HEADER} is expected"


def test_file_saved_by_an_old_excel(matrix: Matrix) -> None:
    path = matrix(f"{HEADER}\nFLX-001;dmz;siem1;tcp;6514;EXG-F-07;journaux chiffrés\n".encode("cp1252"))
    assert re.fullmatch(r"flux\.csv:2: this file is not in UTF-8: .*", refusal(path))

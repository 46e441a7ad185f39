"""The flow matrix (matrice de flux): one authorised flow a line, everything else is refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from recette.errors import RecetteError
from recette.site.document import Place, read_text, shown
from recette.site.elements import OUTER_ROLES, Flow, Host, Ports, Zone
from recette.site.names import members, nearest

COLUMNS = ("numero", "source", "destination", "protocole", "ports", "exigence", "commentaire")
PROTOCOLS = {"tcp": True, "udp": True, "icmp": False, "esp": False, "vrrp": False}
"""Protocols of the matrix, and whether they have ports."""
LAST_PORT = 65535


def read_flows(path: Path, zones: Mapping[str, Zone], hosts: Mapping[str, Host]) -> tuple[Flow, ...]:
    """Read and check a matrix; raise RecetteError with file and line at the first mistake.

    Accepts `;` and `,` (with quotes where a comment holds one), a byte order mark, any line ending, `#` comment lines.
    """
    flows: dict[str, Flow] = {}
    for place, row in _rows(path):
        flow = _flow(place, row, zones, hosts)
        if flow.id in flows:
            place.fail(f"flow number {flow.id} is already used line {flows[flow.id].line}: numbers are unique")
        for other in flows.values():
            if flow.published and other.published and _compete(flow, other):
                place.fail(f"{flow.id} publishes a port that {other.id} already sends to {other.destination[0]}")
        flows[flow.id] = flow
    return tuple(flows.values())


def _rows(path: Path) -> Iterator[tuple[Place, dict[str, str]]]:
    lines = [
        (number, text)
        for number, text in enumerate(read_text(path).splitlines(), start=1)
        if text.strip(" ;,\t") and not text.lstrip('" ').startswith("#")
    ]
    if not lines:
        raise RecetteError(f"{shown(path)}: empty flow matrix; its first line is {';'.join(COLUMNS)}")
    place = Place(path, lines[0][0])
    delimiter = ";" if ";" in lines[0][1] else ","
    header = _cells(place, lines[0][1], delimiter)
    if tuple(name.lower() for name in header) != COLUMNS:
        place.fail(f"wrong header: {';'.join(COLUMNS)} is expected")
    for number, text in lines[1:]:
        place = Place(path, number)
        cells = _cells(place, text, delimiter)
        if len(cells) != len(COLUMNS):
            place.fail(
                f"{len(cells)} columns, {len(COLUMNS)} are expected ({';'.join(COLUMNS)}; separator {delimiter})"
            )
        yield place, dict(zip(COLUMNS, cells, strict=True))


def _cells(place: Place, text: str, delimiter: str) -> list[str]:
    try:
        (cells,) = csv.reader([text], delimiter=delimiter, strict=True)
    except csv.Error:
        place.fail("malformed CSV: a quote is opened and not closed on the line")
    return [cell.strip() for cell in cells]


def _flow(place: Place, row: dict[str, str], zones: Mapping[str, Zone], hosts: Mapping[str, Host]) -> Flow:
    number, requirement, protocol = row["numero"], row["exigence"], row["protocole"].lower()
    if not re.fullmatch(r"FLX-\d{3}", number):
        place.fail(f"flow number {number or '(empty)'}: FLX- and three digits are expected")
    if not requirement:
        place.fail(f"{number} has no requirement: write the one that justifies it in column exigence (EXG-…)")
    if not re.fullmatch(r"EXG-N?F-\d\d", requirement):
        place.fail(f"{number} cites the malformed requirement {requirement}: EXG-F-01 or EXG-NF-01 is expected")
    if protocol not in PROTOCOLS:
        place.fail(f"{number}: unknown protocol {protocol or '(empty)'}{nearest(protocol, PROTOCOLS)}")
    ports = _ports(place, number, protocol, row["ports"].split())
    source, destination = (_End(place, number, row[side].split(), zones, hosts) for side in ("source", "destination"))
    return Flow(
        number,
        source.tokens,
        destination.tokens,
        protocol,
        ports,
        requirement,
        row["commentaire"],
        place.line,
        tunnel=source.tunnel or destination.tunnel,
        published=_published(place, number, source, destination),
    )


class _End:
    """One end of a flow: its tokens, the hosts they name, and on which side of the site these are."""

    def __init__(
        self, place: Place, number: str, tokens: list[str], zones: Mapping[str, Zone], hosts: Mapping[str, Host]
    ) -> None:
        if not tokens:
            place.fail(f"{number} needs a source and a destination")
        self.tokens = tuple(tokens)
        self.hosts: dict[str, Host] = {}
        roles: list[set[str]] = []
        for token in tokens:
            try:
                found = members(token, zones, hosts)
            except RecetteError as error:
                place.fail(f"{number}: {error}")
            self.hosts |= {host.name: host for host in found}
            roles.append({zones[token].role} if token in zones else {zones[z].role for h in found for z in h.zones})
        self.tunnel = roles[0] == {"tunnel"}
        self.outer = roles[0] <= OUTER_ROLES
        self.dmz = all(role == {"dmz"} for role in roles)
        if any((role == {"tunnel"}) != self.tunnel or (role <= OUTER_ROLES) != self.outer for role in roles):
            place.fail(f"{number} mixes ends inside, outside and behind a tunnel ({' '.join(tokens)}): write two flows")


def _published(place: Place, number: str, source: _End, destination: _End) -> bool:
    if not source.outer or source.tunnel or destination.tunnel:
        return False
    if destination.hosts and all(host.level == 1 for host in destination.hosts.values()):
        return False
    if not destination.dmz or len(destination.hosts) != 1:
        place.fail(
            f"{number} opens {' '.join(destination.tokens)} to the outside: one host of the DMZ, or level 1, can be"
        )
    return True


def _compete(one: Flow, other: Flow) -> bool:
    overlap = any(a.first <= b.last and b.first <= a.last for a in one.ports for b in other.ports)
    return one.protocol == other.protocol and one.destination != other.destination and overlap


def _ports(place: Place, number: str, protocol: str, words: list[str]) -> tuple[Ports, ...]:
    if bool(words) != PROTOCOLS[protocol]:
        place.fail(f"{number}: {protocol} {'takes no port' if words else 'needs at least one port'}")
    ports = []
    for word in words:
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last <= LAST_PORT:
            place.fail(f"{number}: bad port {word}: 443 or 10000-10999 is expected, from 1 to {LAST_PORT}")
        ports.append(Ports(first, last))
    return tuple(ports)

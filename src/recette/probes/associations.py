"""The associations that strongSwan keeps on a host: with whom, by which algorithms, for which networks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recette.shell import Remote

COMMAND = "swanctl --list-sas --raw --noblock"
CARRYING = "INSTALLED"
NOBODY_YET = "(unnamed)"
TOKENS = re.compile(r"([^\s={}\[\]]+)=\[([^\]]*)\]|([^\s={}\[\]]+)=([^\s{}]*)|([^\s={}\[\]]+) \{|(\})")


@dataclass(frozen=True, slots=True)
class Child:
    """Keys of the traffic. `group` is empty for those negotiated with the association itself, by its own exchange."""

    name: str
    state: str
    cipher: str
    group: str
    here: tuple[str, ...]
    there: tuple[str, ...]
    spi_in: str
    spi_out: str
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class Association:
    """One IKE association. `person` is who proved himself last (by EAP, if he did), `lent` his addresses."""

    name: str
    number: str
    version: int
    state: str
    peer: str
    peer_address: str
    person: str
    cipher: str
    function: str
    group: str
    lent: tuple[str, ...]
    children: tuple[Child, ...]

    @property
    def stands(self) -> bool:
        """Whether it carries traffic."""
        return self.state == "ESTABLISHED" and any(child.state == CARRYING for child in self.children)

    @property
    def begun_only(self) -> bool:
        """Whether its other end has not said who it is: a first datagram opens one, and 30 s of silence end it."""
        return self.name == NOBODY_YET

    @property
    def current(self) -> Child:
        """The keys in use; those that they replace stay listed for a while. StopIteration if it does not stand."""
        return next(child for child in self.children if child.state == CARRYING)


def associations(remote: Remote, host: str) -> tuple[Association, ...]:
    """What a host has now; none while strongSwan is stopped. Inconclusive if the host does not answer."""
    return tuple(parse(remote.run(host, COMMAND).stdout))


def parse(listing: str) -> Iterator[Association]:
    """The associations of a raw listing."""
    for line in listing.splitlines():
        if line.startswith("list-sa event"):
            (found,) = _tree(line.removeprefix("list-sa event ").strip()[1:-1]).items()
            yield _association(*found)


def _tree(text: str) -> dict[str, Any]:
    root: dict[str, Any] = {}
    path = [root]
    for listed, items, key, value, section, _end in TOKENS.findall(text):
        if listed:
            path[-1][listed] = tuple(items.split())
        elif key:
            path[-1][key] = value
        elif section:
            path[-1][section] = {}
            path.append(path[-1][section])
        else:
            path.pop()
    return root


def _association(name: str, told: dict[str, Any]) -> Association:
    children = (_child(each) for each in told.get("child-sas", {}).values())
    return Association(
        name=name,
        number=told["uniqueid"],
        version=int(told["version"]),
        state=told["state"],
        peer=told.get("remote-id", ""),
        peer_address=told["remote-host"],
        person=told.get("remote-eap-id") or told.get("remote-id", ""),
        cipher=_cipher(told),
        function=told.get("prf-alg", ""),
        group=told.get("dh-group", ""),
        lent=told.get("remote-vips", ()),
        children=tuple(children),
    )


def _child(told: dict[str, Any]) -> Child:
    return Child(
        name=told["name"],
        state=told["state"],
        cipher=_cipher(told),
        group=told.get("dh-group", ""),
        here=told.get("local-ts", ()),
        there=told.get("remote-ts", ()),
        spi_in=told.get("spi-in", ""),
        spi_out=told.get("spi-out", ""),
        bytes_in=int(told.get("bytes-in", 0)),
        bytes_out=int(told.get("bytes-out", 0)),
    )


def _cipher(told: dict[str, Any]) -> str:
    return "-".join(filter(None, (told.get("encr-alg"), told.get("encr-keysize"), told.get("integ-alg"))))

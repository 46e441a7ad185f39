"""The static Ansible inventory: which hosts exist, in which groups, with which variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recette.site.document import Document, Location, Place
from recette.site.names import nearest

GROUP_KEYS = ("hosts", "children", "vars")


@dataclass(slots=True)
class Entry:
    """A host as the inventory gives it: groups, and variables with the place of each."""

    name: str
    place: Place
    groups: set[str] = field(default_factory=set)
    variables: dict[str, Any] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    described: bool = False


@dataclass(slots=True)
class _Group:
    parents: set[str] = field(default_factory=set)
    hosts: list[str] = field(default_factory=list)
    variables: dict[str, Location] = field(default_factory=dict)


class Inventory:
    """A static YAML inventory; group variables reach the hosts as in Ansible, the deepest group winning."""

    def __init__(self, path: Path) -> None:
        """Read the inventory; raise RecetteError on a malformed one or on a host described twice."""
        self.document = Document.read(path)
        self._groups: dict[str, _Group] = {}
        self._hosts: dict[str, Entry] = {}
        for name in self.document.data:
            self._walk(name, None, (name,))
        self._inherit()

    def hosts(self) -> list[Entry]:
        """Return the hosts in the order of the file."""
        return list(self._hosts.values())

    def place(self, entry: Entry, location: Location) -> Place:
        """Return where a variable of a host is written: in the host or in one of its groups."""
        if location and location[0] in entry.locations:
            return self.document.place((*entry.locations[str(location[0])], *location[1:]))
        return entry.place

    def _walk(self, name: str, parent: str | None, location: Location) -> None:
        body = self.document.mapping(location)
        for key in body:
            if key not in GROUP_KEYS:
                self.document.place((*location, key)).fail(
                    f"unknown key {key} in group {name}{nearest(key, GROUP_KEYS)}"
                )
        group = self._groups.setdefault(name, _Group())
        if parent:
            group.parents.add(parent)
        for variable in self.document.mapping((*location, "vars")):
            group.variables[variable] = (*location, "vars", variable)
        for host in self.document.mapping((*location, "hosts")):
            self._add(host, group, (*location, "hosts", host))
        for child in self.document.mapping((*location, "children")):
            self._walk(child, name, (*location, "children", child))

    def _add(self, name: str, group: _Group, location: Location) -> None:
        place = self.document.place(location)
        entry = self._hosts.setdefault(name, Entry(name, place))
        group.hosts.append(name)
        variables = self.document.mapping(location)
        if variables and entry.described:
            place.fail(f"host {name} is already described line {entry.place.line}: two hosts cannot bear one name")
        if variables:
            entry.place, entry.described = place, True
            entry.variables = dict(variables)
            entry.locations = {variable: (*location, variable) for variable in variables}

    def _inherit(self) -> None:
        for name, group in self._groups.items():
            for host in group.hosts:
                self._hosts[host].groups |= {name, *self._ancestors(name)}
        deepest_first = sorted(self._groups, key=lambda name: len(set(self._ancestors(name))), reverse=True)
        for entry in self._hosts.values():
            for name in deepest_first:
                for variable, location in self._groups[name].variables.items() if name in entry.groups else ():
                    if variable not in entry.variables:
                        entry.variables[variable] = self.document.mapping(location[:-1])[variable]
                        entry.locations[variable] = location
            entry.groups.discard("all")

    def _ancestors(self, name: str) -> Iterator[str]:
        for parent in self._groups[name].parents:
            yield parent
            yield from self._ancestors(parent)

"""YAML files whose every value knows its file and line, so that a mistake is shown where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from recette.errors import RecetteError
from recette.paths import ROOT

Location = tuple[str | int, ...]
ENCRYPTED = "$ANSIBLE_VAULT"


class Place(NamedTuple):
    """A line of a file; line 0 is the whole file, or the directory."""

    path: Path
    line: int

    def fail(self, message: str) -> NoReturn:
        """Raise RecetteError as `file:line: message`."""
        where = f"{shown(self.path)}:{self.line}" if self.line else shown(self.path)
        raise RecetteError(f"{where}: {message}") from None


class _Constructor(SafeConstructor):
    """Plain values; Ansible's own tags (!vault, !unsafe) are kept as their text."""


_Constructor.add_multi_constructor("!", lambda _constructor, _tag, node: node.value)


@dataclass(frozen=True, slots=True)
class Document:
    """The mapping held by one or several YAML files, and the place of each value by its path in the data."""

    path: Path
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Location, Place] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a YAML mapping; raise RecetteError in one line when it is absent, malformed or no mapping."""
        text = read_text(path)
        if text.startswith(ENCRYPTED):
            return cls(path)
        node, data = _parse(path, text)
        if not isinstance(data, dict):
            Place(path, 1).fail("a YAML mapping (key: value) is expected")
        return cls(path, data, {location: Place(path, line) for location, line in _lines(node, ())})

    def merged(self, other: Document) -> Document:
        """Return both documents as one; the other one wins where both set a key."""
        return Document(self.path, self.data | other.data, self.places | other.places)

    def place(self, location: Location) -> Place:
        """Return where a value, or its nearest known parent, is written."""
        while location and location not in self.places:
            location = location[:-1]
        return self.places.get(location, Place(self.path, 0))

    def mapping(self, location: Location) -> Mapping[str, Any]:
        """Return the mapping at a location, empty when null or absent; raise RecetteError when it is none."""
        value: Any = self.data
        for key in location:
            value = (value or {}).get(key)
        if not isinstance(value, dict | None):
            self.place(location).fail(f"{location[-1]}: a mapping (key: value) is expected")
        for key in value or {}:
            if not isinstance(key, str):
                self.place((*location, str(key))).fail(f"{key}: a name is expected; put it between quotes if it is one")
        return value or {}


def _parse(path: Path, text: str) -> tuple[Node | None, Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.version = (1, 1)  # as Ansible reads it: yes and no are booleans
    try:
        node = yaml.compose(text)
        return node, yaml.constructor.construct_document(node) if node else {}
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = (error.problem or "malformed YAML").splitlines()[0].split(" with value")[0]
        Place(path, mark.line + 1 if mark else 1).fail(f"invalid YAML: {problem}")


def _lines(node: Node | None, location: Location) -> Iterator[tuple[Location, int]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*location, key.value), key.start_mark.line + 1
            yield from _lines(value, (*location, key.value))
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield (*location, index), value.start_mark.line + 1
            yield from _lines(value, (*location, index))


def read_text(path: Path) -> str:
    """Read a UTF-8 file, byte order mark or not; raise RecetteError in one line when that is impossible."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecetteError(f"{shown(path)}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        Place(path, line).fail("this file is not in UTF-8: save it again in that encoding")


def shown(path: Path) -> Path:
    """Return the path as the user names it: from the project root when it is inside."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path

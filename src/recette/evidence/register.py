"""The register of requirements, `features/exigences.yml`: what a scenario may claim to prove."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from recette.errors import RecetteError
from recette.evidence.records import Requirement

ID = re.compile(r"EXG-N?F-\d{2}")


def load_register(path: Path) -> tuple[Requirement, ...]:
    """Read the register, in its order: a mapping of identifiers, or a list of entries that carry an `id`.

    RecetteError names the file and the entry at fault.
    """
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecetteError(f"{path}: {error.strerror}; the register of requirements is needed") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecetteError(f"{path}:{line}: not YAML: {error.problem}") from None
    requirements = tuple(_requirement(path, *entry) for entry in _entries(path, document))
    if len({requirement.id for requirement in requirements}) != len(requirements):
        raise RecetteError(f"{path}: an identifier stands twice in the register")
    return requirements


def _entries(path: Path, document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, Mapping):
        yield from document.items()
    elif isinstance(document, list):
        yield from ((entry.get("id", "?") if isinstance(entry, Mapping) else "?", entry) for entry in document)
    else:
        raise RecetteError(f"{path}: expected a mapping of requirements, got {type(document).__name__}")


def _requirement(path: Path, identifier: str, entry: Any) -> Requirement:
    fields = {"titre": entry} if isinstance(entry, str) else entry
    if not ID.fullmatch(str(identifier)):
        raise RecetteError(f"{path}: {identifier!r} is not an identifier such as EXG-NF-03")
    if not isinstance(fields, Mapping) or not fields.get("titre"):
        raise RecetteError(f"{path}: {identifier} has no titre")
    sources = fields.get("sources") or ()
    listed = (sources,) if isinstance(sources, str) else tuple(str(source) for source in sources)
    return Requirement(str(identifier), str(fields["titre"]), str(fields.get("resume") or ""), listed)

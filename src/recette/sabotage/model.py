"""What a file of `sabotages/` says: what is broken, who must notice, for which reason, and which role repairs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from recette.errors import RecetteError
from recette.site.document import Document

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Identifier = Annotated[str, StringConstraints(pattern=r"^SAB-\d{3}$")]
RequirementId = Annotated[str, StringConstraints(pattern=r"^EXG-N?F-\d{2}$")]
Listed = Annotated[tuple[Text, ...], Field(min_length=1)]


class Sabotage(BaseModel):
    """One thing to break. `title` is in French: the report shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: Text
    breaks: Annotated[tuple[RequirementId, ...], Field(min_length=1)]
    hosts: Listed
    """Tokens of the site: hosts, zones or groups."""
    shell: Text | None = None
    """Run by /bin/sh on each host, after the functions of prelude.sh; must fail if it finds nothing to break."""
    variables: Mapping[str, Any] | None = None
    """Or: extra variables with which the roles of `repair` are applied."""
    scenarios: Listed
    """Scenarios that must go red: a piece of their title, preceded by `features/….feature::` where it is not unique."""
    reason: Text
    """Regular expression, case ignored, found in the message of each of them."""
    expect: Literal["nonconform", "inconclusive"] = "nonconform"
    expect_why: Text | None = None
    repair: Listed
    """Roles whose application repairs."""
    undo_shell: Text | None = None
    """Only where no role can repair: run on each host before the roles."""
    undo_why: Text | None = None

    @field_validator("reason")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.shell is None) == (self.variables is None):
            raise ValueError("give either shell or variables")
        if (self.expect == "inconclusive") != (self.expect_why is not None):
            raise ValueError("expect: inconclusive and expect_why go together")
        if (self.undo_shell is None) != (self.undo_why is None):
            raise ValueError("undo_shell and undo_why go together")
        return self

    def gives_its_reason(self, message: str) -> bool:
        """Whether a scenario's message shows that it went red for this sabotage."""
        return re.search(self.reason, message, re.IGNORECASE) is not None


def load(directory: Path) -> dict[str, Sabotage]:
    """Read every sabotage, by id in its order. Raises RecetteError as `file:line: mistake`."""
    found: dict[str, tuple[Sabotage, Document]] = {}
    for path in sorted(directory.glob("*.yml")):
        document = Document.read(path)
        sabotage = _parse(document)
        if sabotage.id in found:
            document.place(("id",)).fail(f"{sabotage.id} is already the id of {found[sabotage.id][1].path.name}")
        found[sabotage.id] = (sabotage, document)
    return {name: found[name][0] for name in sorted(found)}


def choose(known: Mapping[str, Sabotage], ids: list[str]) -> list[Sabotage]:
    """Return the sabotages of these ids, all of them when there is none; RecetteError for an unknown one."""
    for wanted in ids:
        if wanted not in known:
            raise RecetteError(f"sabotage {wanted} is unknown; known: {', '.join(known) or 'none'}")
    return [sabotage for name, sabotage in known.items() if not ids or name in ids]


def _parse(document: Document) -> Sabotage:
    try:
        return Sabotage.model_validate(document.data)
    except ValidationError as errors:
        error = errors.errors()[0]
        field = ".".join(map(str, error["loc"]))
        # What is missing has no line of its own: the mistake is shown where the sabotage begins.
        place = document.place(error["loc"])
        (place if place.line else document.place(("id",))).fail(f"{field}: {error['msg']}" if field else error["msg"])

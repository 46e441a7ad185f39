"""A new personnel file loaded into the directory by its role, and the former one put back."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recette.errors import Inconclusive
from recette.personnel import COLUMNS, Account
from recette.platform import Platform
from recette.trials.people import PERSONNEL, People
from recette.trials.register import Register, compare

ENCODING = "utf-8-sig"
BUILDING, TRADE, EXIT = COLUMNS.index("Bâtiment"), COLUMNS.index("Métier"), COLUMNS.index("Sortie")
FIRST_NEWCOMER = 990001
"""Numbers that no employee has."""
PAST = "01/01/2024"
MALFORMED = "31/02/2024"
"""An exit that no calendar knows."""
DESTINATION = ("b30-admin", "qualite")
RANK = 300
"""Employees of this rank on are those who leave and move: no other scenario plays with them."""


@dataclass(frozen=True)
class Upheaval:
    """How many employees join, leave, move, and how many lines are malformed."""

    joiners: int = 0
    leavers: int = 0
    moves: int = 0
    malformed: int = 0


@dataclass(frozen=True)
class Chosen:
    """The numbers of those who join, leave, move, and of those whose line is malformed."""

    joined: tuple[str, ...]
    left: tuple[str, ...]
    moved: tuple[str, ...]
    spoiled: tuple[str, ...]


@dataclass(frozen=True)
class Loaded:
    """What the directory held before and after a load, who had to change, and what the role said of the file."""

    before: Register
    after: Register
    people: People
    chosen: Chosen
    complaints: tuple[str, ...]

    def joined(self) -> tuple[Account, ...]:
        return self.people.numbered(self.chosen.joined)

    def concerned(self) -> set[str]:
        """Numbers of those who had to change."""
        return {*self.chosen.joined, *self.chosen.left, *self.chosen.moved}

    def unnamed(self) -> list[str]:
        """Malformed lines that the role did not name."""
        return [one for one in self.chosen.spoiled if not any(one in said for said in self.complaints)]

    def unlike(self, numbers: Sequence[str]) -> list[str]:
        """What is not, for these employees, as the new file says."""
        lines = [*self.after.absent(), *self.after.wrong(), *self.after.lingering(), *self.after.misplaced()]
        logins = {one.login for one in self.people.numbered(numbers)}
        return [line for line in lines if any(f"{name} " in f"{line} " for name in (*numbers, *logins))]


@contextmanager
def loaded(platform: Platform, people: People, upheaval: Upheaval) -> Iterator[Loaded]:
    """Load the changed file; when the block ends, load the true one again and remove who had joined.

    Both acts are in the journal: a killed run is repaired by the next one.
    """
    lines = (platform.site.path / PERSONNEL).read_text(encoding=ENCODING).splitlines()
    changed, chosen = rewrite(lines, people, upheaval)
    undo = [("reload",), *(("remove", number) for number in chosen.joined)]
    server = platform.directory.servers[0].name
    before = compare(platform.directory, people.accounts)
    with tempfile.TemporaryDirectory(prefix="recette-personnel-") as folder:
        file = Path(folder) / PERSONNEL
        file.write_text("\r\n".join([*changed, ""]), encoding=ENCODING, newline="")
        with platform.accounts.changed("fichier du personnel changé", server, (), undo):
            told = platform.accounts.load(server, str(file))
            now = People.read(platform.site, file, people.today)
            after = compare(platform.directory, now.accounts)
            yield Loaded(before, after, now, chosen, tuple(told.warnings))


def rewrite(lines: Sequence[str], people: People, upheaval: Upheaval) -> tuple[list[str], Chosen]:
    """The lines of a personnel file, its header first, with people who join, leave and move, and malformed lines.

    Inconclusive if there are not enough employees.
    """
    numbers = iter([one.matricule for one in people.active][RANK:])
    left, moved, spoiled = (
        tuple(number for _, number in zip(range(count), numbers, strict=False))
        for count in (upheaval.leavers, upheaval.moves, upheaval.malformed)
    )
    if len(left + moved + spoiled) < upheaval.leavers + upheaval.moves + upheaval.malformed:
        raise Inconclusive(f"Fichier du personnel : moins de {RANK} employés en poste")
    rows = list(csv.reader(lines, delimiter=";"))
    for row in rows:
        if row[0] in left:
            row[EXIT] = PAST
        elif row[0] in moved:
            row[BUILDING], row[TRADE] = DESTINATION
        elif row[0] in spoiled:
            row[EXIT] = MALFORMED
    joined = tuple(str(FIRST_NEWCOMER + rank) for rank in range(upheaval.joiners))
    rows += [[number, "Mme", "L'Arrivée-Récente", "Noémie", *DESTINATION, PAST, ""] for number in joined]
    return [_line(row) for row in rows], Chosen(joined, left, moved, spoiled)


def _line(row: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="").writerow(row)
    return text.getvalue()

"""Reads the personnel file: a line that is wrong is named and refused, the others are kept."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

from recette.errors import RecetteError
from recette.personnel.employees import TRADES, Employee
from recette.site.document import Place, read_text
from recette.site.names import nearest

COLUMNS = ("Matricule", "Civilité", "Nom", "Prénom", "Bâtiment", "Métier", "Entrée", "Sortie")
CIVILITIES = ("M.", "Mme")
NAME = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŸ]+(?:[-'’ ]+[A-Za-zÀ-ÖØ-öø-ÿŒœŸ]+)*")
"""Letters of French names, joined by a hyphen, an apostrophe (straight or typographic) or a space."""
NUMBER = re.compile(r"\d{6}")


@dataclass(frozen=True, slots=True)
class Personnel:
    """What a file holds: the employees by matricule, and a message (file:line: what) for each refused line."""

    employees: tuple[Employee, ...]
    refusals: tuple[str, ...]


def read_personnel(path: Path, buildings: Collection[str]) -> Personnel:
    """Read an export; `buildings` are the zones that an employee may work in.

    Accepts a byte order mark or none, any line ending, quoted cells. Raises RecetteError where the file as a whole
    cannot be read: absent, another encoding, another header.
    """
    employees: dict[str, Employee] = {}
    refusals = []
    for place, cells in _lines(path):
        try:
            employee = _employee(place, cells, buildings)
            if employee.matricule in employees:
                place.fail(f"matricule {employee.matricule} is already line {employees[employee.matricule].line}")
            employees[employee.matricule] = employee
        except RecetteError as error:
            refusals.append(str(error))
    return Personnel(tuple(employees[number] for number in sorted(employees)), tuple(refusals))


def _lines(path: Path) -> Iterator[tuple[Place, list[str] | None]]:
    """Each line that is not empty, without the header; None where its quotes are wrong."""
    lines = list(enumerate(read_text(path).splitlines(), start=1))
    if not lines or tuple(_cells(lines[0][1]) or ()) != COLUMNS:
        Place(path, 1).fail(f"wrong header: {';'.join(COLUMNS)} is expected")
    for number, text in lines[1:]:
        if text.strip(" ;\t"):
            yield Place(path, number), _cells(text)


def _cells(text: str) -> list[str] | None:
    try:
        (cells,) = csv.reader([text], delimiter=";", strict=True)
    except csv.Error:
        return None
    return [" ".join(cell.split()) for cell in cells]


def _employee(place: Place, cells: list[str] | None, buildings: Collection[str]) -> Employee:
    if cells is None:
        place.fail("malformed CSV: a quote is opened and not closed on the line")
    if len(cells) != len(COLUMNS):
        place.fail(f"{len(cells)} columns, {len(COLUMNS)} are expected ({';'.join(COLUMNS)})")
    row = dict(zip(COLUMNS, cells, strict=True))
    if not NUMBER.fullmatch(row["Matricule"]):
        _refuse(place, row, "Matricule", "six digits are expected")
    for column in ("Nom", "Prénom"):
        if not NAME.fullmatch(row[column]):
            _refuse(place, row, column, "letters, hyphens, apostrophes and spaces are expected")
    for column, known in (("Civilité", CIVILITIES), ("Bâtiment", buildings), ("Métier", TRADES)):
        if row[column] not in known:
            _refuse(place, row, column, f"unknown value{nearest(row[column], known)}")
    entry, exit_ = _day(place, row, "Entrée"), _day(place, row, "Sortie") if row["Sortie"] else None
    if exit_ and exit_ < entry:
        _refuse(place, row, "Sortie", f"it comes before the entry ({row['Entrée']})")
    return Employee(
        row["Matricule"], row["Civilité"], row["Nom"], row["Prénom"], row["Bâtiment"], row["Métier"], entry, exit_,
        place.line,
    )  # fmt: skip


def _day(place: Place, row: dict[str, str], column: str) -> date:
    try:
        return datetime.strptime(row[column], "%d/%m/%Y").replace(tzinfo=ZoneInfo("Europe/Paris")).date()
    except ValueError:
        _refuse(place, row, column, "a day is expected as 31/12/2024")


def _refuse(place: Place, row: dict[str, str], column: str, why: str) -> NoReturn:
    place.fail(f"{row['Matricule'] or '(no matricule)'}: {column} « {row[column]} »: {why}")

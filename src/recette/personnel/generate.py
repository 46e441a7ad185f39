"""Makes the personnel file of the twin: `python -m recette.personnel.generate >sites/jumeau/personnel.csv`.

The seed is fixed: the file is always the same. It holds what such exports hold in real life: accents, apostrophes of
both kinds, particles, compound names, homonyms, leavers, a byte order mark and the line endings of Windows.
"""

from __future__ import annotations

import csv
import random
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import StringIO

from recette.personnel.reader import COLUMNS

SEED = 20241231
LEAVERS, HOMONYMS = 45, 24
"""Leavers beside those who are present; employees who bear both names of an earlier one."""
FIRST_MATRICULE = 100100
FIRST_DAY, LAST_ENTRY, LAST_EXIT = date(1991, 1, 7), date(2024, 12, 2), date(2025, 6, 30)

MEN = (
    "Jean", "Pierre", "Michel", "André", "Philippe", "René", "Louis", "Alain", "Jacques", "Éric", "Frédéric", "Loïc",
    "Jérôme", "Sébastien", "Nicolas", "Grégory", "Benoît", "Cédric", "Rémi", "Gaël", "Noël", "Théo", "Mickaël",
    "Hervé", "Stéphane", "Raphaël", "Karim", "Mehdi", "Youssef", "Mamadou", "João", "Tomás", "Jean-Pierre",
    "Jean-François", "Jean-Noël", "Pierre-Yves",
)  # fmt: skip
WOMEN = (
    "Marie", "Françoise", "Monique", "Hélène", "Agnès", "Élodie", "Éloïse", "Chloé", "Zoé", "Anaïs", "Inès", "Noémie",
    "Léa", "Océane", "Cécile", "Geneviève", "Béatrice", "Gaëlle", "Joëlle", "Solène", "Maïté", "Aïcha", "Fatou",
    "Thaïs", "Bérénice", "Amélie", "Marie-Thérèse", "Anne-Cécile", "Anne-Sophie", "Marie-Ève",
)  # fmt: skip
FAMILIES = (
    "Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Simon",
    "Michel", "Lefèvre", "Leroy", "Roux", "David", "Bertrand", "Morel", "Fournier", "Girard", "Bonnet", "Dupont",
    "Lambert", "Fontaine", "Rousseau", "Vincent", "Muller", "Faure", "André", "Mercier", "Blanc", "Guérin", "Boyer",
    "Garnier", "Chevalier", "François", "Legrand", "Gauthier", "Garcia", "Perrin", "Clément", "Morin", "Nicolas",
    "Henry", "Roussel", "Masson", "Gérard", "Noël", "Meyer", "Lucas", "Meunier", "Jean", "Brunet", "Blanchard",
    "Giraud", "Renault", "Lemaître", "Hébert", "Bénard", "Jégou", "Le Goff", "Le Bihan", "Le Goff-Martin", "Le Guen",
    "Kervéadou", "L'Hostis", "L’Haridon", "D'Arcy", "D’Aubigné", "D'Alès de Corbet", "de La Rochefoucauld",
    "de Saint-Exupéry", "du Plessis", "des Rosiers", "Saint-Aubin", "Nœuvéglise", "Lecœur", "Bœuf", "Pécaut", "Août",
    "Haÿ", "Çelik", "Nuñez", "Gonçalves", "Da Silva", "Ben Saïd", "El Amrani", "Diallo", "N'Diaye", "Traoré",
    "Nguyên", "Haddad",
)  # fmt: skip
POSTS = (
    ("pc-securite", "securite", 18),
    ("chaufferie", "maintenance", 12),
    ("b25-labo", "laboratoire", 104),
    ("b25-labo", "qualite", 30),
    ("b25-labo", "maintenance", 6),
    ("b30-admin", "administration", 96),
    ("b30-admin", "qualite", 24),
    ("b30-production", "production", 118),
    ("b30-production", "maintenance", 12),
    ("b40-maintenance", "maintenance", 58),
    ("b40-maintenance", "informatique", 22),
    ("b40-maintenance", "logistique", 10),
    ("b70-production", "production", 170),
    ("b70-production", "qualite", 20),
    ("b90-mgh", "logistique", 88),
    ("b90-mgh", "qualite", 12),
)
"""Building, trade, and how many work there: 800 in all."""


@dataclass(frozen=True, slots=True)
class _Line:
    civility: str
    family_name: str
    given_name: str
    building: str
    trade: str
    entry: date
    exit: date | None = None


def lines(seed: int = SEED) -> list[tuple[str, ...]]:
    """The cells of every line below the header, by matricule: who came first has the lowest one."""
    chance = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    posts = [(building, trade) for building, trade, count in POSTS for _ in range(count)]
    people = [_person(chance, post) for post in posts]
    people += [_leaving(chance, _person(chance, chance.choice(posts))) for _ in range(LEAVERS)]
    people.sort(key=lambda person: person.entry)
    for index in sorted(chance.sample(range(len(people) // 3, len(people)), HOMONYMS)):
        earlier = people[chance.randrange(index)]
        people[index] = replace(
            people[index],
            civility=earlier.civility,
            family_name=earlier.family_name,
            given_name=earlier.given_name,
        )
    return [_cells(FIRST_MATRICULE + 3 * rank, person) for rank, person in enumerate(people)]


def text(rows: list[tuple[str, ...]]) -> str:
    """The file as a spreadsheet exports it, with its byte order mark."""
    output = StringIO()
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
    writer.writerows([COLUMNS, *rows])
    return "\ufeff" + output.getvalue()


def _person(chance: random.Random, post: tuple[str, str]) -> _Line:
    civility, given_names = chance.choice((("M.", MEN), ("Mme", WOMEN)))
    days = chance.randrange((LAST_ENTRY - FIRST_DAY).days + 1)
    return _Line(civility, chance.choice(FAMILIES), chance.choice(given_names), *post, FIRST_DAY + timedelta(days))


def _leaving(chance: random.Random, person: _Line) -> _Line:
    return replace(person, exit=person.entry + timedelta(chance.randint(30, (LAST_EXIT - person.entry).days)))


def _cells(matricule: int, person: _Line) -> tuple[str, ...]:
    days = (f"{day:%d/%m/%Y}" if day else "" for day in (person.entry, person.exit))
    names = (person.civility, person.family_name, person.given_name)
    return (str(matricule), *names, person.building, person.trade, *days)


if __name__ == "__main__":
    sys.stdout.reconfigure(newline="")  # type: ignore[union-attr] # line endings are those of the file
    sys.stdout.write(text(lines()))

"""A mistake in a file of sabotages is told with its file and line; the files of the project hold none."""

from __future__ import annotations

from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.paths import ROOT
from recette.sabotage.model import choose, load
from recette.sabotage.scenarios import read, resolve
from recette.site import Site, find_site

WHOLE = """\
id: SAB-001
title: Le filtre est ouvert
breaks: [EXG-NF-03]
hosts: [fw-ext]
shell: "true"
scenarios: [Tout le reste est refusé]
reason: accept
repair: [pare_feu]
"""


def written(directory: Path, text: str, name: str = "SAB-001.yml") -> Path:
    (directory / name).write_text(text, encoding="utf-8")
    return directory


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    sabotage = load(written(tmp_path, WHOLE))["SAB-001"]
    assert (sabotage.hosts, sabotage.expect, sabotage.variables) == (("fw-ext",), "nonconform", None)
    assert sabotage.gives_its_reason("10.0.0.1 — Obtenu : ACCEPTÉ par le niveau 2")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("id: SAB-001", "id: SAB-1", r"SAB-001\.yml:1: id: String should match pattern"),
        ("breaks: [EXG-NF-03]", "breaks: [EXG-3]", r"yml:3: breaks\.0: String should match pattern"),
        ("breaks: [EXG-NF-03]", "breaks: []", r"yml:3: breaks: Tuple should have at least 1 item"),
        ("reason: accept", "reason: (", r"yml:7: reason: Value error, not a regular expression"),
        ("repair: [pare_feu]", "", r"yml:1: repair: Field required"),
        ("repair: [pare_feu]", "repair: [pare_feu]\nreapir: 1", r"yml:9: reapir: Extra inputs are not permitted"),
        ('shell: "true"', "", r"yml:1: Value error, give either shell or variables"),
        ('shell: "true"', 'shell: "true"\nvariables: {a: 1}', r"yml:1: Value error, give either shell or variables"),
        ("reason: accept", "reason: accept\nexpect: inconclusive", r"expect: inconclusive and expect_why go together"),
        ("reason: accept", "reason: accept\nundo_shell: x", r"undo_shell and undo_why go together"),
        ("hosts: [fw-ext]", "hosts: [fw-ext", r"SAB-001\.yml:5: invalid YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, before: str, after: str, message: str) -> None:
    with pytest.raises(RecetteError, match=message):
        load(written(tmp_path, WHOLE.replace(before, after)))


def test_two_files_cannot_bear_the_same_id(tmp_path: Path) -> None:
    written(tmp_path, WHOLE, "b.yml")
    with pytest.raises(RecetteError, match=r"b\.yml:1: SAB-001 is already the id of a\.yml"):
        load(written(tmp_path, WHOLE, "a.yml"))


def test_all_are_chosen_by_default_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    written(tmp_path, WHOLE.replace("001", "002"), "SAB-002.yml")
    known = load(written(tmp_path, WHOLE))
    assert [sabotage.id for sabotage in choose(known, [])] == ["SAB-001", "SAB-002"]
    assert [sabotage.id for sabotage in choose(known, ["SAB-002"])] == ["SAB-002"]
    with pytest.raises(RecetteError, match="sabotage SAB-009 is unknown; known: SAB-001, SAB-002"):
        choose(known, ["SAB-009"])


def test_the_sabotages_of_the_project_are_well_formed() -> None:
    site = Site.load(find_site("jumeau"))
    known = load(ROOT / "sabotages")
    assert sum("EXG-NF-03" in sabotage.breaks for sabotage in known.values()) >= 20
    for path in (ROOT / "sabotages").glob("*.yml"):
        assert path.name[:7] in known
    for sabotage in known.values():
        assert all(site.members(token) for token in sabotage.hosts), sabotage.id
        assert all((ROOT / "roles" / role).is_dir() for role in sabotage.repair), sabotage.id


def test_the_sabotages_of_the_project_name_scenarios_that_exist() -> None:
    known = read(ROOT)
    for sabotage in load(ROOT / "sabotages").values():
        for entry in sabotage.scenarios:
            assert resolve(entry, known, sabotage.id)

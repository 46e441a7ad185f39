"""A change is written down before it is made, and undone whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone


def test_the_undo_is_on_disk_during_the_change_and_performed_in_its_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    done: list[str] = []
    drivers: Drivers = {"trial": {"undo": done.append}}
    acts = [Act(driver="trial", verb="undo", args=(word,)) for word in ("one", "two")]
    with undone(journal, "essai", ["dc1"], acts, drivers):
        (entry,) = journal.pending()
        assert (entry.what, entry.where, entry.undo) == ("essai", ("dc1",), tuple(acts))
        assert done == []
    assert done == ["one", "two"]
    assert journal.pending() == ()


def test_a_change_that_fails_is_undone_and_one_that_is_not_undone_stays_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    done: list[str] = []

    def refuse(word: str) -> None:
        raise OSError(word)

    act = Act(driver="trial", verb="undo", args=("one",))
    with (
        pytest.raises(ValueError, match="broken"),
        undone(journal, "essai", ["dc1"], [act], {"trial": {"undo": done.append}}),
    ):
        raise ValueError("broken")
    assert done == ["one"]
    with pytest.raises(OSError, match="one"), undone(journal, "essai", ["dc1"], [act], {"trial": {"undo": refuse}}):
        pass
    assert len(journal.pending()) == 1

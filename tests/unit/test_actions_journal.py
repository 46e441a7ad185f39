"""The undo journal survives whatever kills its writer, and trusts nothing that it does not understand."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recette.actions.journal import Act, Journal
from recette.errors import Inconclusive, RecetteError

CLOSE = Act(driver="valve", verb="close", args=("cave",))
LIGHT = Act(driver="valve", verb="close", args=("toit",))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "jumeau" / "faults.jsonl")


def again(journal: Journal) -> Journal:
    """The journal as the next process finds it: nothing in memory, the lock released."""
    os.close(journal._lock or -1)  # noqa: SLF001 - what the kernel does to a killed process
    return Journal(journal.path)


def test_an_entry_is_on_disk_before_open_returns(journal: Journal) -> None:
    entry = journal.open("leak", ("cave",), (CLOSE,))
    assert Journal(journal.path).pending() == (entry,)


def test_an_undone_entry_is_pending_no_more(journal: Journal) -> None:
    first = journal.open("leak", ("cave",), (CLOSE,))
    second = journal.open("leak", ("toit",), (LIGHT,))
    journal.done(first.id)
    assert journal.pending() == (second,)


def test_a_journal_that_does_not_exist_has_nothing_pending(journal: Journal) -> None:
    assert journal.pending() == journal.replay({}) == ()
    assert not journal.path.exists()


def test_what_nobody_feels_changes_nothing(journal: Journal) -> None:
    assert journal.changed_at() == 0
    leak = journal.open("leak", ("cave",), (CLOSE,))
    before = journal.changed_at(unfelt=["lamp.off"])
    assert before == journal.changed_at() > 0
    time.sleep(0.002)  # instants are written to the millisecond
    light = journal.open("light", ("toit",), (Act(driver="lamp", verb="off", args=("toit",)),))
    journal.done(light.id)
    assert journal.changed_at(unfelt=["lamp.off"]) == before < journal.changed_at()
    journal.done(leak.id)
    assert journal.changed_at(unfelt=["lamp.off"]) > before


def test_replay_undoes_the_last_broken_first_and_once(journal: Journal) -> None:
    journal.open("leak", ("cave",), (CLOSE,))
    journal.open("leak", ("toit",), (LIGHT,))
    closed: list[str] = []
    after = again(journal)
    assert [entry.where for entry in after.replay({"valve": {"close": closed.append}})] == [("toit",), ("cave",)]
    assert after.replay({"valve": {"close": closed.append}}) == ()
    assert closed == ["toit", "cave"]


def test_an_entry_whose_undo_is_not_proven_stays_pending(journal: Journal) -> None:
    entry = journal.open("leak", ("cave",), (CLOSE,))

    def still_wet(_entry: object) -> None:
        raise Inconclusive("la cave est humide")

    after = again(journal)
    with pytest.raises(RecetteError, match="leak on cave is not undone: la cave est humide"):
        after.replay({"valve": {"close": lambda _where: None}}, prove=still_wet)
    assert after.pending() == (entry,)


def test_one_entry_that_cannot_be_undone_does_not_stop_the_others(journal: Journal) -> None:
    cellar = journal.open("leak", ("cave",), (CLOSE,))
    journal.open("leak", ("toit",), (LIGHT,))

    def close(where: str) -> None:
        if where == "cave":
            raise RecetteError("no hand left")

    after = again(journal)
    with pytest.raises(RecetteError, match="no hand left"):
        after.replay({"valve": {"close": close}})
    assert after.pending() == (cellar,)


def test_a_verb_that_is_not_listed_is_refused(journal: Journal) -> None:
    journal.open("leak", ("cave",), (Act(driver="valve", verb="__class__", args=()),))
    with pytest.raises(RecetteError, match=r"valve\.__class__ is not an act"):
        again(journal).replay({"valve": {}})


def test_a_torn_last_line_is_ignored_then_overwritten(journal: Journal) -> None:
    kept = journal.open("leak", ("cave",), (CLOSE,))
    with journal.path.open("ab") as file:
        file.write(b'{"record":"open","id":"4')
    after = again(journal)
    assert after.pending() == (kept,)
    added = after.open("leak", ("toit",), (LIGHT,))
    assert after.pending() == (kept, added)


@pytest.mark.parametrize("line", ["{}", '{"record":"open","id":"4"}', "oups", ""])
def test_a_malformed_whole_line_is_an_error_that_names_it(journal: Journal, line: str) -> None:
    journal.open("leak", ("cave",), (CLOSE,))
    with journal.path.open("ab") as file:
        file.write(line.encode() + b"\n")
    with pytest.raises(RecetteError, match=r"faults\.jsonl:2: not a record of the undo journal"):
        Journal(journal.path).pending()


def test_a_full_disk_breaks_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal.open("leak", ("cave",), (CLOSE,))
    journal.done(kept.id)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(RecetteError, match="nothing was broken: No space left on device"):
            journal.open("leak", ("toit",), (LIGHT,))
    assert journal._lock is None  # noqa: SLF001 - or nobody could break anything until this process ends


HOLDER = """
import sys
from pathlib import Path
from recette.actions.journal import Journal
Journal(Path(sys.argv[1])).open("leak", ("cave",), ())
print("open", flush=True)
sys.stdin.read()
"""


def test_two_processes_never_break_the_same_site(journal: Journal) -> None:
    command = [sys.executable, "-c", HOLDER, str(journal.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(RecetteError, match="another run is breaking this site"):
            journal.open("leak", ("toit",), ())
        with pytest.raises(RecetteError, match="another run is breaking this site"):
            journal.replay({})
        holder.kill()
    assert len(journal.replay({})) == 1

"""A journal that shows any change made to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recette.evidence.journal import GENESIS, Journal, first_broken_line, read_events


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal.jsonl")
    for number in range(5):
        made.append("measure", name=f"mesure {number}", value=number)
    return made


def test_each_line_carries_the_hash_of_the_one_before(journal: Journal) -> None:
    events = read_events(journal.path)
    assert [event["seq"] for event in events] == [0, 1, 2, 3, 4]
    assert events[0]["prev"] == GENESIS
    assert len({event["prev"] for event in events}) == 5
    assert all(str(event["utc"]).endswith("Z") and "monotonic" in event for event in events)
    assert first_broken_line(journal.path) is None


def test_a_journal_opened_again_goes_on(journal: Journal) -> None:
    Journal(journal.path).append("note", text="suite")
    assert len(read_events(journal.path)) == 6
    assert first_broken_line(journal.path) is None


def test_threads_write_in_turn(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.append("note", text=str(number)), range(40)))
    assert first_broken_line(journal.path) is None
    assert len(read_events(journal.path)) == 45


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [*lines[:1], lines[1].replace("mesure 1", "mesure 9"), *lines[2:]], 3),
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines[:3], lines[3][:20]], 4),
        (lambda lines: lines[1:], 1),
    ],
    ids=["edited", "removed", "swapped", "cut short", "beheaded"],
)
def test_a_change_is_located(journal: Journal, change: Callable[[list[str]], list[str]], line: int) -> None:
    lines = journal.path.read_text(encoding="utf-8").splitlines()
    journal.path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    assert first_broken_line(journal.path) == line


def test_what_follows_an_unreadable_line_is_left_out(journal: Journal) -> None:
    with journal.path.open("a", encoding="utf-8") as stream:
        stream.write('{"seq": 5, "ev')
    assert [json.dumps(event["seq"]) for event in read_events(journal.path)] == ["0", "1", "2", "3", "4"]

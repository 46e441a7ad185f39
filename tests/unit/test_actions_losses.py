"""What a trial destroys, and how it comes back: the scripts themselves, run here on files of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from recette.actions.journal import Journal
from recette.actions.losses import Losses
from recette.errors import Inconclusive
from recette.shell import Completed, Remote


class Here:
    """Stands for a host: its scripts run on this machine."""

    def run(self, _host: str, script: str, *, stdin: str, timeout_s: float) -> Completed:
        done = subprocess.run(
            ["/bin/sh", "-c", script], input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        return Completed(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def losses(tmp_path: Path) -> Losses:
    return Losses(cast("Remote", cast("Any", Here())), Journal(tmp_path / "journal.jsonl"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "some data"
    path.mkdir()
    (path / "file").write_text("before", encoding="ascii")
    return path


def test_what_is_lost_is_gone_then_back(losses: Losses, data: Path) -> None:
    with losses.lost("dc1", [str(data)]):
        assert not data.exists()
    assert (data / "file").read_text(encoding="ascii") == "before"


def test_what_was_restored_gives_way_to_what_was_there(losses: Losses, data: Path) -> None:
    with losses.lost("dc1", [str(data)]):
        data.mkdir()
        (data / "file").write_text("restored", encoding="ascii")
    assert (data / "file").read_text(encoding="ascii") == "before"


def test_it_comes_back_after_a_failure_too(losses: Losses, data: Path) -> None:
    with pytest.raises(RuntimeError), losses.lost("dc1", [str(data)]):
        raise RuntimeError
    assert data.exists()


def test_what_is_not_there_cannot_be_lost(losses: Losses, tmp_path: Path) -> None:
    with pytest.raises(Inconclusive), losses.lost("dc1", [str(tmp_path / "nothing")]):
        pytest.fail("nothing was there")


def test_nothing_more_is_lost_where_the_second_path_is_missing(losses: Losses, data: Path, tmp_path: Path) -> None:
    with pytest.raises(Inconclusive), losses.lost("dc1", [str(data), str(tmp_path / "nothing")]):
        pytest.fail("nothing was there")
    assert (data / "file").exists()


def test_finding_twice_changes_nothing(losses: Losses, data: Path) -> None:
    losses.find("dc1", str(data))
    assert (data / "file").exists()


def test_a_folder_to_restore_into_is_empty_and_goes_away(losses: Losses, data: Path) -> None:
    with losses.scratch("dc1", str(data)):
        assert list(data.iterdir()) == []
    assert not data.exists()

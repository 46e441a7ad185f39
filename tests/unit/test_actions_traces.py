"""What a trial leaves on a host, and takes away: the scripts themselves, run here on files of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from recette.actions import traces as module
from recette.actions.journal import Journal
from recette.actions.traces import Traces
from recette.errors import Inconclusive
from recette.shell import RUN_LIMIT_S, Completed, Remote


class Here:
    """Stands for a host: its scripts run on this machine."""

    def run(self, _host: str, script: str, *, stdin: str = "", timeout_s: float = RUN_LIMIT_S) -> Completed:
        done = subprocess.run(
            ["/bin/sh", "-c", script], input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        return Completed(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traces:
    monkeypatch.setattr(module, "ASIDE", str(tmp_path / "aside"))
    return Traces(cast("Remote", cast("Any", Here())), Journal(tmp_path / "journal.jsonl"))


def test_an_emptied_log_keeps_its_writer_and_its_lines(traces: Traces, tmp_path: Path) -> None:
    log = tmp_path / "access log"
    log.write_text("before\n", encoding="ascii")
    with log.open("a", encoding="ascii") as writer:
        with traces.emptied("mandataire", str(log)):
            assert log.read_text(encoding="ascii") == ""
            writer.write("after\n")
            writer.flush()
        assert log.read_text(encoding="ascii") == "after\n"
    assert Path(f"{log}.1").read_text(encoding="ascii") == "before\n"
    assert not (tmp_path / "aside").exists()


def test_an_empty_log_cannot_be_emptied(traces: Traces, tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    with pytest.raises(Inconclusive), traces.emptied("mandataire", str(tmp_path / "log")):
        pytest.fail("nothing was there")


def test_an_altered_file_comes_back(traces: Traces, tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(b"abcdef")
    with traces.altered("siem1", str(path)):
        assert path.read_bytes() == b"abc\xffef"
    assert path.read_bytes() == b"abcdef"


def test_a_file_that_was_there_is_left_alone(traces: Traces, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("own", encoding="ascii")
    with pytest.raises(Inconclusive, match="existe"), traces.left("bkp1", str(path), "other"):
        pytest.fail("it was written over")
    assert path.read_text(encoding="ascii") == "own"

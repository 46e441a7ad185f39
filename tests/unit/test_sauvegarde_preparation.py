"""What makes a copy coherent: the client's own program, on files and databases of the test."""

from __future__ import annotations

import importlib
import sqlite3
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recette.paths import ROOT


@pytest.fixture(scope="module", autouse=True)
def program() -> Iterator[None]:
    """The package is imported as on its hosts."""
    folder = str(ROOT / "roles/sauvegarde_client/files/programme")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)
    for name in [name for name in sys.modules if name.split(".")[0] == "sauvegarde_client"]:
        del sys.modules[name]


def module(name: str) -> Any:
    return importlib.import_module(f"sauvegarde_client.{name}")


def data_set(kind: str, **values: Any) -> Any:
    return module("reglages").DataSet(name="essai", kind=kind, rpo_minutes=60, **values)


def prepared(one: Any, folder: Path) -> list[str]:
    found: list[str] = module("preparation").prepared(one, folder)
    return found


def test_a_database_is_copied_without_a_transaction_that_is_open(tmp_path: Path) -> None:
    base = tmp_path / "base.sqlite"
    with closing(sqlite3.connect(base, isolation_level=None)) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("CREATE TABLE essai (nombre INTEGER)")
        live.execute("INSERT INTO essai VALUES (1)")
        live.execute("BEGIN")
        live.execute("INSERT INTO essai VALUES (2)")
        (path,) = prepared(data_set("sqlite", databases=(str(base),)), tmp_path / "etape")
    with closing(sqlite3.connect(f"{path}{base}")) as kept:
        assert kept.execute("SELECT nombre FROM essai").fetchall() == [(1,)]


def test_a_damaged_database_is_a_failure_not_a_copy(tmp_path: Path) -> None:
    base = tmp_path / "base.sqlite"
    base.write_bytes(b"not a database, whatever it is called" * 40)
    with pytest.raises(module("commandes").Failed, match=r"base\.sqlite"):
        prepared(data_set("sqlite", databases=(str(base),)), tmp_path / "etape")


def test_a_database_may_be_missing_only_inside_a_copied_path(tmp_path: Path) -> None:
    folder = tmp_path / "webmail"
    folder.mkdir()
    base = str(folder / "base.sqlite")
    inside = data_set("sqlite", paths=(str(folder),), databases=(base,))
    assert prepared(inside, tmp_path / "etape") == [str(folder)]
    with pytest.raises(module("commandes").Failed, match="unable to open"):
        prepared(data_set("sqlite", databases=(base,)), tmp_path / "etape")


def test_a_missing_path_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(module("commandes").Failed, match="missing"):
        prepared(data_set("fichiers", paths=(str(tmp_path / "nothing"),)), tmp_path / "etape")


def test_a_set_that_names_nothing_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(module("commandes").Failed, match="nothing to copy"):
        prepared(data_set("fichiers"), tmp_path / "etape")


def test_messages_are_linked_and_indexes_copied(tmp_path: Path) -> None:
    """A message never changes, so a link holds it even if its owner deletes it; an index goes on being written."""
    box = tmp_path / "vmail" / "edarcy" / "mail"
    box.mkdir(parents=True)
    (box / "u.1").write_text("message", encoding="ascii")
    (box / "dovecot.index.log").write_text("index", encoding="ascii")
    (path,) = prepared(data_set("messagerie", paths=(str(tmp_path / "vmail"),)), tmp_path / "etape")
    kept = Path(f"{path}{box}")
    assert (kept / "u.1").stat().st_ino == (box / "u.1").stat().st_ino
    assert (kept / "dovecot.index.log").stat().st_ino != (box / "dovecot.index.log").stat().st_ino
    (box / "u.1").unlink()
    assert (kept / "u.1").read_text(encoding="ascii") == "message"


def test_an_archive_leaves_out_what_is_excluded_and_says_how_old_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies, reglages = module("copies"), module("reglages")
    monkeypatch.setattr(copies.shutil, "chown", lambda *_: None)
    source, archives = tmp_path / "etc", tmp_path / "envoi"
    source.mkdir()
    archives.mkdir()
    (source / "kept").write_text("1", encoding="ascii")
    (source / "hosts").write_text("2", encoding="ascii")
    one = {"name": "systeme", "kind": "fichiers", "rpo_minutes": 60, "paths": [str(source)]}
    settings = reglages.parse(
        {
            "url": "",
            "authority": "",
            "stores": [],
            "archived": [one | {"excluded": [str(source / "hosts")]}],
            "staging": str(tmp_path / "etape"),
            "archives": str(archives),
        }
    )
    assert copies.archive(settings) == []
    with tarfile.open(archives / "systeme.tar") as packed:
        assert [Path(name).name for name in packed.getnames()] == ["etc", "kept"]
    assert (archives / "systeme.minutes").read_text(encoding="ascii") == "30\n"


def test_a_set_that_nobody_declares_is_not_silently_left_out(tmp_path: Path) -> None:
    settings = module("reglages").parse(
        {"url": "", "authority": "", "stores": [], "state": str(tmp_path / "etat"), "cache": str(tmp_path / "cache")}
    )
    assert module("copies").copy_due(settings, ["mail2/boites"], everything=False) == ["mail2/boites: no such data set"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        # As restic 0.18 and samba-tool said it.
        (
            "subprocess ssh: cat: x: Permission denied\n" + '{"message_type":"exit_error","message":"Fatal: no"}',
            "cat: x",
        ),
        (
            '{"message_type":"exit_error","code":1,"message":"Fatal: unable to save snapshot"}',
            r"\): Fatal: unable to save",
        ),
        ("ERROR(<class 'FileNotFoundError'>): could not find tdbbackup\nA transaction is still active", "tdbbackup"),
    ],
)
def test_a_failure_is_told_by_its_cause(said: str, told: str) -> None:
    with pytest.raises(module("commandes").Failed, match=told):
        module("commandes").run(["sh", "-c", 'printf "%s" "$0" >&2; exit 1', said])

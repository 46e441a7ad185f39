"""What makes the copy of a data set coherent: each kind puts what it made in a folder, and names what is copied.

The folder stays from one copy to the next, under the same path, so that restic finds what has not changed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sauvegarde_client.commandes import Failed, run
from sauvegarde_client.reglages import DataSet

ANNUAIRE, MAIL = "annuaire", "messagerie"


def prepared(one: DataSet, folder: Path) -> list[str]:
    """Paths to copy, once what must be made was made. Raises Failed where a path of the set is missing."""
    if one.kind not in KINDS:
        raise Failed(f"unknown kind {one.kind}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    made = KINDS[one.kind](one, folder)
    missing = [path for path in one.paths if not Path(path).exists()]
    if missing:
        raise Failed(f"missing: {', '.join(missing)}")
    # Linked mailboxes stand for their paths.
    found = made if one.kind == MAIL else [*one.paths, *made]
    if not found:
        raise Failed("nothing to copy")
    return found


def files(_one: DataSet, _folder: Path) -> list[str]:
    """Files that are replaced at once, or only grow: as they are."""
    return []


def directory(_one: DataSet, folder: Path) -> list[str]:
    """A Samba directory, in one transaction, unpacked: what did not change is then not stored again."""
    run(["samba-tool", "domain", "backup", "offline", f"--targetdir={folder}"])
    (archive,) = folder.glob("samba-backup-*.tar.bz2")
    target = folder / ANNUAIRE
    with tarfile.open(archive) as packed:
        packed.extractall(target, filter="fully_trusted")  # noqa: S202 - samba-tool has just made it, with its owners
    archive.unlink()
    return [str(target)]


def postgresql(one: DataSet, folder: Path) -> list[str]:
    """Databases as of one instant; not compressed, for the repository does that, and finds what did not change."""
    as_postgres = ["runuser", "-u", "postgres", "--"]
    for name in one.databases:
        with (folder / f"{name}.dump").open("wb") as dump:
            command = [*as_postgres, "pg_dump", "--format=custom", "--compress=0", f"--dbname={name}"]
            run(command, stdout=dump.fileno())
    with (folder / "roles.sql").open("wb") as dump:
        run([*as_postgres, "pg_dumpall", "--globals-only"], stdout=dump.fileno())
    return [str(folder)]


def sqlite(one: DataSet, folder: Path) -> list[str]:
    """SQLite databases by its own backup, which waits for writers; each under its own path, owner and mode.

    One that stands inside a copied path may not have been made yet.
    """
    made = False
    for name in one.databases:
        source, target = Path(name), folder / name.lstrip("/")
        if not source.exists() and any(source.is_relative_to(path) for path in one.paths):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        live_url = f"file:{source}?mode=ro"
        try:
            with closing(sqlite3.connect(live_url, uri=True)) as live, closing(sqlite3.connect(target)) as kept:
                live.backup(kept)
        except sqlite3.Error as error:
            raise Failed(f"{name}: {error}") from error
        _like(source, target)
        made = True
    return [str(folder)] if made else []


def mail(one: DataSet, folder: Path) -> list[str]:
    """Mailboxes of one instant: hard links, made in a moment. A message moved meanwhile would be in no copy else.

    What Dovecot goes on writing (its indexes) is copied, and rebuilt from the messages at a restoration.
    """
    for source in map(Path, one.paths):
        target = folder / str(source).lstrip("/")
        shutil.copytree(source, target, symlinks=True, copy_function=_link_message)
        for inside in (source, *(path for path in source.rglob("*") if path.is_dir())):
            _like(inside, target / inside.relative_to(source))
    return [str(folder)]


def _link_message(source: str, target: str) -> None:
    """One message is one file that never changes (sdbox: u.NUMBER); everything else may."""
    try:
        if Path(source).name.startswith("u."):
            os.link(source, target)
        else:
            shutil.copy2(source, target)
            _like(Path(source), Path(target))
    except FileNotFoundError:
        return  # its owner deleted it meanwhile


def firewall(_one: DataSet, folder: Path) -> list[str]:
    """The rules in force beside the files: what a firewall really did is evidence after an incident."""
    (folder / "regles.nft").write_text(run(["nft", "--stateless", "list", "ruleset"]), encoding="utf-8")
    return [str(folder)]


def rbd(one: DataSet, folder: Path) -> list[str]:
    """Images of a Ceph pool as of one snapshot each, which does not stay."""
    for image in one.images:
        snapshot = f"{image}@sauvegarde"
        if any(line.split()[1:2] == ["sauvegarde"] for line in run(["rbd", "snap", "ls", image]).splitlines()[1:]):
            run(["rbd", "snap", "rm", snapshot])  # of a copy that was interrupted
        run(["rbd", "snap", "create", snapshot])
        try:
            run(["rbd", "export", snapshot, str(folder / image.replace("/", "__"))])
        finally:
            run(["rbd", "snap", "rm", snapshot])
    return [str(folder)]


def _like(source: Path, target: Path) -> None:
    """Give the owner and the mode of another file."""
    found = source.stat()
    os.chown(target, found.st_uid, found.st_gid)
    target.chmod(found.st_mode & 0o7777)


KINDS: dict[str, Callable[[DataSet, Path], list[str]]] = {
    "fichiers": files,
    ANNUAIRE: directory,
    "postgresql": postgresql,
    "sqlite": sqlite,
    MAIL: mail,
    "pare_feu": firewall,
    "rbd": rbd,
}
"""Kinds whose `paths` are copied as they are, but `messagerie`, which links them first."""

"""Bring a data set back, beside what is there or in its place."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sauvegarde_client.commandes import Failed, run
from sauvegarde_client.copies import restic
from sauvegarde_client.preparation import ANNUAIRE, MAIL
from sauvegarde_client.reglages import DataSet, Settings, Store

LDAP, ANSWER_S = 389, 2.0
SAMBA = Path("/var/lib/samba")
BROUGHT_BACK = "Restauration"
"""Folder of a mailbox where its messages of before come back."""
MARKS = """
import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

parameters = LoadParm()
parameters.load_default()
database = SamDB(url=PRIVATE + "/sam.ldb", session_info=system_session(), lp=parameters, flags=ldb.FLG_DONT_CREATE_DB)
marks = ["backupDate", "sidForRestore", "backupType", "backupRename"]
found = database.search(base="@SAMBA_DSDB", scope=ldb.SCOPE_BASE, attrs=marks)[0]
message = ldb.Message(ldb.Dn(database, "@SAMBA_DSDB"))
for mark in marks:
    if mark in found:
        message[mark] = ldb.MessageElement([], ldb.FLAG_MOD_DELETE, mark)
if len(message):
    database.modify(message)

from samba.ntacls import backup_restore

backup_restore(SYSVOL, parameters.get("path", "sysvol"), database, parameters.configfile)
"""
"""Run by its own interpreter. Samba refuses to start on a database that bears the mark of an offline backup."""


def restore(settings: Settings, name: str, snapshot: str, target: Path | None, inside: list[str]) -> None:
    """Bring a data set back: under `target`, or where it was, its services stopped meanwhile.

    `inside` keeps some paths only. Raises Failed; a restoration that failed leaves its services stopped.
    """
    store, one = chosen(settings, name)
    # What a preparation made stands under the staging folder, by its own path.
    staged = settings.staging / one.name
    included = [word for each in inside for path in (each, f"{staged}{each}") for word in ("--include", path)]
    # Without a lock: a server whose disk is full takes none, and that is a day for restorations.
    words = ["--no-lock", "restore", snapshot, "--host", store.host, "--tag", one.name, *included]
    if target:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        restic(settings, store, *words, "--target", str(target))
        return
    if store.address:
        raise Failed(f"{name} is collected: restore it with --vers, then carry it to its host")
    if one.kind == ANNUAIRE and (serving := [each for each in one.others if _serves(each)]):
        # An old database beside a living controller would be taken for what that one knows already: lost changes.
        raise Failed(f"{', '.join(serving)} still serves the directory: join it by the role instead of restoring")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=0o700, parents=True)
    with _stopped(one.units):
        restic(settings, store, *words, "--target", "/")
        if not inside or one.kind != ANNUAIRE:
            IN_PLACE.get(one.kind, _nothing)(one, staged)
    shutil.rmtree(staged)


def bring_messages_back(settings: Settings, name: str, snapshot: str, login: str) -> None:
    """Add the messages that a mailbox held to a folder of its own; its owner loses nothing, and goes on reading.

    Put in place, they would go again at the next replication: the other server knows that they were deleted.
    """
    store, one = chosen(settings, name)
    if one.kind != MAIL or store.address:
        raise Failed(f"{name} holds no mailbox of this host")
    home = Path(one.paths[0]) / login
    if home.parent != Path(one.paths[0]) or not home.is_dir():
        raise Failed(f"no mailbox {login}")
    with tempfile.TemporaryDirectory(prefix="sauvegarde-boite-") as folder:
        kept = f"{snapshot}:{settings.staging / one.name}{home}"
        restic(
            settings, store, "--no-lock", "restore", kept, "--host", store.host, "--tag", one.name, "--target", folder
        )
        # Dovecot reads it as who owns the mailbox.
        _own(home, Path(folder))
        run(["doveadm", "import", "-u", login, f"sdbox:{folder}/mail", BROUGHT_BACK, "ALL"])


def chosen(settings: Settings, name: str) -> tuple[Store, DataSet]:
    """A data set by its name, or HOST/NAME for one of a host that is collected."""
    for store in settings.stores:
        for one in store.sets:
            if name in (one.name if store is settings.stores[0] else None, f"{store.host}/{one.name}"):
                return store, one
    raise Failed(f"no data set {name}")


def _serves(address: str) -> bool:
    try:
        socket.create_connection((address, LDAP), timeout=ANSWER_S).close()
    except OSError:
        return False
    return True


@contextmanager
def _stopped(units: tuple[str, ...]) -> Iterator[None]:
    """Stop services that run; they start again once everything is in place, not after a failure."""
    if units:
        run(["systemctl", "stop", *units])
    yield
    if units:
        run(["systemctl", "start", *units])


def _nothing(_one: DataSet, _staged: Path) -> None:
    """Its files are in place already."""


def _directory(_one: DataSet, staged: Path) -> None:
    """Put the databases where Samba reads them, without the mark of the backup."""
    source = staged / ANNUAIRE
    shutil.rmtree(SAMBA / "private", ignore_errors=True)
    shutil.copytree(source / "private", SAMBA / "private", symlinks=True)
    if (source / "statedir").is_dir():
        shutil.copytree(source / "statedir", SAMBA, symlinks=True, dirs_exist_ok=True)
    (SAMBA / "private").chmod(0o755)
    (SAMBA / "sysvol").mkdir(exist_ok=True)
    program = f"PRIVATE, SYSVOL = {str(SAMBA / 'private')!r}, {str(source / 'sysvol.tar.gz')!r}\n{MARKS}"
    run(["/usr/bin/python3", "-c", program])


def _postgresql(one: DataSet, staged: Path) -> None:
    """Put every database back as of its dump. Its roles are those of the role that deploys it."""
    for name in one.databases:
        with (staged / f"{name}.dump").open("rb") as dump:
            command = ["runuser", "-u", "postgres", "--", "pg_restore", "--clean", "--if-exists", "--exit-on-error"]
            done = subprocess.run(
                [*command, f"--dbname={name}"], stdin=dump, capture_output=True, text=True, check=False
            )
        if done.returncode != 0:
            raise Failed(f"pg_restore: {done.stderr.strip().splitlines()[-1]}")


def _sqlite(one: DataSet, staged: Path) -> None:
    """Put the databases in place of those that are there, and of what they had not written yet."""
    for name in one.databases:
        source, target = staged / name.lstrip("/"), Path(name)
        for rest in (f"{name}-wal", f"{name}-shm", f"{name}-journal"):
            Path(rest).unlink(missing_ok=True)
        if source.exists():
            _into(source, target)


def _mail(one: DataSet, staged: Path) -> None:
    """Put the mailboxes in place, and have Dovecot find what they hold: their indexes may be older than them."""
    for path in sorted(staged.rglob("*")):
        target = Path("/") / path.relative_to(staged)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            _own(path, target)
        else:
            _into(path, target)
    # It resyncs through the service, which must run; starting it again later changes nothing.
    run(["systemctl", "start", "dovecot.service"])
    homes = [home for path in one.paths for home in (staged / path.lstrip("/")).iterdir() if home.is_dir()]
    for home in homes:
        run(["doveadm", "force-resync", "-u", home.name, "*"])


def _into(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".restaure")
    shutil.copy2(source, draft)
    _own(source, draft)
    draft.rename(target)


def _own(source: Path, target: Path) -> None:
    found = source.stat()
    shutil.chown(target, found.st_uid, found.st_gid)
    target.chmod(found.st_mode & 0o7777)


IN_PLACE: dict[str, Callable[[DataSet, Path], None]] = {
    ANNUAIRE: _directory,
    "postgresql": _postgresql,
    "sqlite": _sqlite,
    "messagerie": _mail,
}

"""Append-only undo journal: what was broken, and how to undo it, written to disk before anything is broken."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from recette.errors import Inconclusive, RecetteError
from recette.paths import STATE

Drivers = Mapping[str, Mapping[str, Callable[..., object]]]
"""Driver -> verb -> function: the only acts that a journal can ask for. Arguments are strings; verbs are idempotent."""


class Act(BaseModel):
    """One act, as data: a journal that someone edited can name a listed verb, never run code of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    driver: str
    verb: str
    args: tuple[str, ...]

    def perform(self, drivers: Drivers) -> None:
        """Raises RecetteError if the verb is unknown, and whatever the verb raises."""
        verb = drivers.get(self.driver, {}).get(self.verb)
        if verb is None:
            raise RecetteError(f"undo journal: {self.driver}.{self.verb} is not an act of this version of recette")
        verb(*self.args)


class Entry(BaseModel):
    """Something about to be broken. `where` names hosts; `undo` is performed in its order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: Literal["open"] = "open"
    id: str
    utc: str
    what: str
    where: tuple[str, ...]
    undo: tuple[Act, ...]


class Done(BaseModel):
    """The entry of this id was undone, and the undo was proven."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: Literal["done"] = "done"
    id: str
    utc: str


_RECORDS: TypeAdapter[Entry | Done] = TypeAdapter(Annotated[Entry | Done, Field(discriminator="record")])


class Journal:
    """JSON lines at `path`. Whoever has an open entry holds a lock, which the kernel releases even after `kill -9`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._open: set[str] = set()

    def open(self, what: str, where: tuple[str, ...], undo: tuple[Act, ...]) -> Entry:
        """Write an entry; it is on disk when this returns.

        Raises RecetteError if another process is breaking this site, or if the disk refuses: break nothing then.
        """
        entry = Entry(id=uuid.uuid4().hex[:12], utc=_now(), what=what, where=where, undo=undo)
        try:
            self._acquire()
            self._append(entry)
        except OSError as error:
            self._release_if_idle()
            raise RecetteError(f"{self.path}: undo journal not written, nothing was broken: {error.strerror}") from None
        self._open.add(entry.id)
        return entry

    def done(self, entry_id: str) -> None:
        """Record that the entry's undo was proven."""
        self._append(Done(id=entry_id, utc=_now()))
        self._open.discard(entry_id)
        self._release_if_idle()

    def pending(self) -> tuple[Entry, ...]:
        """Entries not undone, oldest first. Raises RecetteError at a malformed line, the torn last one excepted."""
        entries: dict[str, Entry] = {}
        for record in self._records():
            if isinstance(record, Entry):
                entries[record.id] = record
            else:
                entries.pop(record.id, None)
        return tuple(entries.values())

    def changed_at(self, *, unfelt: Collection[str] = ()) -> float:
        """When something was last broken or undone, in seconds of the epoch; 0 if nothing ever was.

        What is undone by acts of `unfelt` alone (`driver.verb`) is left aside.
        """
        at, aside = 0.0, set[str]()
        for record in self._records():
            if isinstance(record, Entry) and all(f"{act.driver}.{act.verb}" in unfelt for act in record.undo):
                aside.add(record.id)
            if record.id not in aside:
                at = datetime.fromisoformat(record.utc).timestamp()
        return at

    def _records(self) -> Iterator[Entry | Done]:
        for number, line in enumerate(self._lines(), 1):
            try:
                yield _RECORDS.validate_json(line)
            except ValidationError as error:
                raise RecetteError(
                    f"{self.path}:{number}: not a record of the undo journal ({error.errors()[0]['msg']}); "
                    "bring the site back to its nominal state by hand, then remove this file"
                ) from None

    def replay(self, drivers: Drivers, prove: Callable[[Entry], object] | None = None) -> tuple[Entry, ...]:
        """Undo what is pending, last broken first; return what was undone.

        `prove` raises unless the entry's hosts are nominal again. One entry that cannot be undone does not stop the
        others: RecetteError names it at the end, and it stays pending.
        """
        if not self.pending():
            return ()
        self._acquire()
        undone, failures = [], []
        try:
            for entry in reversed(self.pending()):
                try:
                    self._replay_one(entry, drivers, prove)
                    undone.append(entry)
                except (RecetteError, Inconclusive, OSError) as error:
                    failures.append(f"{entry.what} on {' '.join(entry.where)} is not undone: {error}")
        finally:
            self._release_if_idle()
        if failures:
            raise RecetteError("; ".join(failures))
        return tuple(undone)

    def _replay_one(self, entry: Entry, drivers: Drivers, prove: Callable[[Entry], object] | None) -> None:
        for undo in entry.undo:
            undo.perform(drivers)
        if prove is not None:
            prove(entry)
        self._append(Done(id=entry.id, utc=_now()))

    def _lines(self) -> list[bytes]:
        """Whole lines. What follows the last line feed was never acknowledged, so nothing was done because of it."""
        content = self.path.read_bytes() if self.path.exists() else b""
        return content[: _whole(content)].splitlines()

    def _append(self, record: Entry | Done) -> None:
        with self.path.open("r+b") as file:
            file.seek(file.truncate(_whole(file.read())))
            file.write(record.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _acquire(self) -> None:
        if self._lock is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _fsync_directory(self.path.parent)
        except BlockingIOError:
            os.close(lock)
            raise RecetteError(f"{self.path}: another run is breaking this site; wait for its end or stop it") from None
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _release_if_idle(self) -> None:
        if self._lock is not None and not self._open:
            os.close(self._lock)
            self._lock = None


def journal_of(site_name: str, kind: Literal["faults", "sabotage"] = "faults") -> Journal:
    """Return a site's journal. Sabotages have their own: the run that must notice one would repair it otherwise."""
    return Journal(STATE / site_name / f"{kind}.jsonl")


def _whole(content: bytes) -> int:
    """Length without a torn last line."""
    return content.rfind(b"\n") + 1


def _fsync_directory(path: Path) -> None:
    """A new file survives a crash of the machine once its directory is on disk too."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""Tasks: work that goes on after the answer, known by its UPID on the node that does it."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from commun import CommandError
from pve import RefusedError, upid, upid_parts

FOLDER = Path("/var/log/hyperviseur/taches")
KEPT = 200
OK = "OK"

Body = Callable[[Callable[[str], None]], None]
"""The work: it tells what it does, and raises CommandError when it fails."""


@dataclass
class Task:
    """One of them; `ended` and `exitstatus` come with its end."""

    upid: str
    log: list[str] = field(default_factory=list)
    ended: int | None = None
    exitstatus: str | None = None

    def form(self) -> dict[str, Any]:
        """As /nodes/NODE/tasks/UPID/status tells it."""
        told = {**upid_parts(self.upid), "status": "running" if self.ended is None else "stopped"}
        return told if self.ended is None else {**told, "exitstatus": self.exitstatus}

    def line(self) -> dict[str, Any]:
        """As a list tells it: there the status is how it ended."""
        told = upid_parts(self.upid)
        return told if self.ended is None else {**told, "endtime": self.ended, "status": self.exitstatus}


class Tasks:
    """Those of this node, kept across restarts of the service; one that a restart interrupted has failed."""

    def __init__(self, node: str, folder: Path = FOLDER) -> None:
        self._node, self._folder = node, folder
        self._serial = itertools.count(1)
        self._tasks: dict[str, Task] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.json"))[-KEPT:]:
            task = Task(**json.loads(path.read_text(encoding="utf-8")))
            if task.ended is None:
                task.ended, task.exitstatus = int(time.time()), "unexpected status"
            self._tasks[task.upid] = task

    def begin(self, kind: str, target: str, user: str, body: Body) -> str:
        """Start a work; return the name by which it is known."""
        serial = next(self._serial) + (time.time_ns() // 1000 % 0xFFFFF << 8)
        stamps = os.getpid(), serial & 0xFFFFFFFF, int(time.time())
        task = Task(upid(self._node, stamps, (kind, target), user))
        self._tasks[task.upid] = task
        self._write(task)
        threading.Thread(target=self._do, args=(task, body), daemon=True).start()
        return task.upid

    def get(self, name: str) -> Task:
        """Refused if there is none of this name."""
        upid_parts(name)
        if name not in self._tasks:
            raise RefusedError(500, f"unable to open file - no such task: {name}")
        return self._tasks[name]

    def listed(self) -> list[dict[str, Any]]:
        """The latest first."""
        return [task.line() for task in sorted(self._tasks.values(), key=_start, reverse=True)]

    def _do(self, task: Task, body: Body) -> None:
        try:
            body(task.log.append)
        except (CommandError, RefusedError) as error:
            task.log.append(f"TASK ERROR: {error}")
            task.exitstatus = str(error)
        except Exception as error:
            task.exitstatus = f"{type(error).__name__}: {error}"
            raise
        else:
            task.log.append("TASK OK")
            task.exitstatus = OK
        finally:
            task.ended = int(time.time())
            self._write(task)

    def _write(self, task: Task) -> None:
        name = task.upid.replace(":", "_").replace("/", "_")
        draft = self._folder / f".{name}"
        draft.write_text(json.dumps(asdict(task)), encoding="utf-8")
        draft.rename(self._folder / f"{_start(task):012}-{name}.json")


def _start(task: Task) -> int:
    return int(upid_parts(task.upid)["starttime"])

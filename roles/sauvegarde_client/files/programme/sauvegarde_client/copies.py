"""Copy what is due; one data set that fails does not keep the others from their turn."""

from __future__ import annotations

import json
import shutil
import tarfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sauvegarde_client.commandes import Failed, run
from sauvegarde_client.preparation import prepared
from sauvegarde_client.reglages import DataSet, Settings, Store

LOCK_WAIT = "10m"
MINUTE_S = 60.0
ARCHIVE_MODE = 0o640


class State:
    """What was copied last, by host and data set."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def due(self, host: str, one: DataSet, now: float) -> bool:
        """Whether half of the RPO has passed since the last good copy: one that is missed is not late yet."""
        last = self.told.get(f"{host}/{one.name}", {}).get("at", 0.0)
        return not 0 <= now - last < one.rpo_minutes * MINUTE_S / 2

    def write(self, host: str, one: DataSet, **facts: Any) -> None:
        known = self.told.get(f"{host}/{one.name}", {})
        self.told[f"{host}/{one.name}"] = {**known, "detail": "", **facts}
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(self.told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.rename(self.path)


def restic(settings: Settings, store: Store, *words: str) -> str:
    """What restic printed about the repository of a host; the secrets stand in its environment alone."""
    environment = {
        "HOME": "/root",
        "RESTIC_CACHE_DIR": str(settings.cache),
        "RESTIC_PASSWORD": store.key,
        "RESTIC_REST_USERNAME": store.host,
        "RESTIC_REST_PASSWORD": store.access,
    }
    common = ["--cacert", settings.authority, "--repo", f"rest:{settings.url}/{store.host}/"]
    return run([settings.restic, *common, *words], environment)


def copy_due(settings: Settings, wanted: Iterable[str], *, everything: bool) -> list[str]:
    """Copy the data sets that are due, or those that are named (SET or HOST/SET), or all; return what failed."""
    state, wanted = State(settings.state), list(wanted)
    known = {name for store in settings.stores for one in store.sets for name in (one.name, f"{store.host}/{one.name}")}
    failed = [f"{name}: no such data set" for name in wanted if name not in known]
    settings.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    for store in settings.stores:
        for one in store.sets:
            named = one.name in wanted or f"{store.host}/{one.name}" in wanted
            if not (named or everything or (not wanted and state.due(store.host, one, time.time()))):
                continue
            start = time.time()
            try:
                told = _copy(settings, store, one)
            except (Failed, OSError) as error:
                state.write(store.host, one, ok=False, detail=str(error), tried=start)
                failed.append(f"{store.host}/{one.name}: {error}")
                continue
            state.write(store.host, one, ok=True, at=start, took_s=round(time.time() - start, 2), **told)
    return failed


def _copy(settings: Settings, store: Store, one: DataSet) -> dict[str, Any]:
    words = ["--json", "--retry-lock", LOCK_WAIT, "backup", "--host", store.host, "--tag", one.name]
    # Hard links change the time of their file's last change of state; what a message holds does not change.
    words += ["--ignore-ctime", *(word for each in one.excluded for word in ("--exclude", each))]
    if store.address:
        fetch = ["ssh", "-i", settings.identity, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new"]
        fetch += ["-o", f"UserKnownHostsFile={settings.hosts}"]
        fetch += ["-o", "ConnectTimeout=10", f"{settings.collector_account}@{store.address}", one.name]
        printed = restic(
            settings, store, *words, "--stdin-filename", f"{one.name}.tar", "--stdin-from-command", "--", *fetch
        )
    else:
        folder = settings.staging / one.name
        printed = restic(settings, store, *words, "--", *prepared(one, folder))
        shutil.rmtree(folder)
    return summary(printed)


def summary(printed: str) -> dict[str, Any]:
    """What restic says of a copy; Failed if it says nothing."""
    for line in reversed(printed.splitlines()):
        told = json.loads(line)
        if told.get("message_type") == "summary":
            facts = {"snapshot": told["snapshot_id"], "bytes": told["total_bytes_processed"]}
            return {**facts, "added": told.get("data_added_packed", told["data_added"])}
    raise Failed("restic told no summary")


def archive(settings: Settings) -> list[str]:
    """Write what the collector comes to read; return what failed. An archive appears whole, or not at all."""
    failed = []
    for one in settings.archived:
        folder, target = settings.staging / one.name, settings.archives / f"{one.name}.tar"
        draft = target.with_suffix(".new")
        try:
            paths = prepared(one, folder)
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            with tarfile.open(draft, "w") as packed:
                for path in paths:
                    packed.add(path, filter=_without(one.excluded))
            # Older than that, it is refused to the collector: its copy would look younger than it is.
            allowed = target.with_suffix(".minutes")
            allowed.write_text(f"{one.rpo_minutes // 2}\n", encoding="ascii")
            for path in (draft, allowed):
                shutil.chown(path, "root", settings.collector_account)
                path.chmod(ARCHIVE_MODE)
            draft.rename(target)
            shutil.rmtree(folder)
        except (Failed, OSError) as error:
            failed.append(f"{one.name}: {error}")
    return failed


def _without(excluded: Iterable[str]) -> Callable[[tarfile.TarInfo], tarfile.TarInfo | None]:
    """What leaves files out of an archive, by their whole paths or those of their folders."""
    out = frozenset(excluded)
    return lambda each: None if f"/{each.name}" in out else each

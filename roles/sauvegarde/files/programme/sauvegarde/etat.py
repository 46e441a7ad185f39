"""What is late, full, altered or refused, from what this server received; the supervision reads it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sauvegarde import restic
from sauvegarde.entretien import journal
from sauvegarde.reglages import Repository, Settings
from sauvegarde.restic import Snapshot

PERIOD_S = 15.0
FAR_LATE_S, VERIFY_LATE_S = 2 * 86_400.0, 2 * 86_400.0
MINUTE_S, MEBIBYTE = 60.0, 1 << 20


class Watch:
    """Knows the copies of each repository, and asks again only when its folder has changed: asking costs a second."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._known: dict[str, tuple[int, list[Snapshot]]] = {}

    def copies(self, repository: Repository) -> list[Snapshot]:
        changed = (self.settings.folder / repository.name / "snapshots").stat().st_mtime_ns
        if repository.name not in self._known or self._known[repository.name][0] != changed:
            self._known[repository.name] = changed, restic.snapshots(self.settings, repository)
        return self._known[repository.name][1]

    def state(self) -> dict[str, Any]:
        """Everything that the supervision and people may want to know."""
        now = time.time()
        found: list[dict[str, Any]] = []
        unread = []
        for repository in self.settings.kept:
            try:
                copies = self.copies(repository)
            except (restic.Failed, OSError) as error:
                unread.append(f"{repository.name} : {error}")
                continue
            found += ages(repository, copies, now)
        return {
            "instant": int(now),
            "ensembles": found,
            "illisibles": unread,
            "libre_mio": free_mebibytes(self.settings.root),
            "retention": journal(self.settings, "retention").told,
            "verification": journal(self.settings, "verification").told,
            "hors_site": journal(self.settings, "hors-site").told,
        }


def ages(repository: Repository, copies: list[Snapshot], now: float) -> list[dict[str, Any]]:
    """Age of the newest copy of each data set that the inventory declares; None where there is none."""
    told = []
    for each in repository.sets:
        made = [copy.made for copy in copies if copy.set == each.name]
        age_s = now - max(made) if made else None
        late = age_s is None or age_s > each.rpo_minutes * MINUTE_S
        told.append(
            {
                "hote": repository.name,
                "ensemble": each.name,
                "age_s": None if age_s is None else round(age_s),
                "rpo_s": each.rpo_minutes * 60,
                "copies": len(made),
                "en_retard": late,
            }
        )
    return told


def free_mebibytes(path: Path) -> int:
    """What may still be written to the disk of the copies."""
    told = os.statvfs(path)
    return told.f_bavail * told.f_frsize // MEBIBYTE


def complaints(settings: Settings, state: Mapping[str, Any], names: set[str], known_s: float) -> dict[str, list[str]]:
    """What on call must hear, by kind; a kind without line is well.

    `known_s` is for how long this server has served: a new one has had no night yet to verify and to send.
    """
    now = state["instant"]
    far, verified = state["hors_site"], state["verification"]
    young = known_s < min(FAR_LATE_S, VERIFY_LATE_S)
    return {
        "retards": [_late(each) for each in state["ensembles"] if each["en_retard"] and _overdue(each, known_s)]
        + list(state["illisibles"]),
        "place": (
            [f"disque des sauvegardes : {state['libre_mio']} Mio libres"]
            if state["libre_mio"] < settings.reserve_mebibytes + settings.warn_mebibytes
            else []
        ),
        "retention": [f"{name} : {told['refused']}" for name, told in state["retention"].items() if "refused" in told],
        "verification": [f"{name} : {told['detail']}" for name, told in verified.items() if not told["ok"]]
        + [
            f"{name} : pas vérifié depuis 2 jours"
            for name in sorted(names)
            if not young and now - verified.get(name, {}).get("at", 0) > VERIFY_LATE_S
        ],
        "hors-site": [f"{name} : {told['detail']}" for name, told in far.items() if not told["ok"]]
        + [
            f"{name} : pas de copie hors site depuis 2 jours"
            for name in sorted(names)
            if settings.far_url and not young and now - (far.get(name, {}).get("at") or 0) > FAR_LATE_S
        ],
    }


def _overdue(each: Mapping[str, Any], known_s: float) -> bool:
    """What was never copied is late once a whole RPO has passed since this server knows of it."""
    return each["age_s"] is not None or known_s > each["rpo_s"]


def _late(each: Mapping[str, Any]) -> str:
    what = f"{each['hote']}, {each['ensemble']}"
    if each["age_s"] is None:
        return f"{what} : aucune copie"
    return f"{what} : copie de {each['age_s'] / MINUTE_S:.0f} min pour {each['rpo_s'] / MINUTE_S:.0f} min permises"


def write(settings: Settings, watch: Watch) -> None:
    """Replace the state, and one file for each kind of complaint: empty when all is well."""
    state = watch.state()
    names = {each.name for each in settings.kept}
    told = complaints(settings, state, names, state["instant"] - first_seen(settings))
    settings.run.mkdir(parents=True, exist_ok=True)
    _replace(settings.run / "etat.json", json.dumps(state, ensure_ascii=False))
    for kind, lines in told.items():
        _replace(settings.run / kind, "".join(f"{line}\n" for line in lines))


def first_seen(settings: Settings) -> float:
    """When this server first told its state."""
    mark = settings.state / "depuis"
    if not mark.exists():
        mark.touch()
    return mark.stat().st_mtime


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.rename(path)

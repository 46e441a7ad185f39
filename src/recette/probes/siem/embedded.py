"""The embedded engine (role siem), read on its own host."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from recette.errors import Inconclusive
from recette.probes.siem.model import Alert, Event, Mark
from recette.shell import Remote

ARCHIVE = "/var/log/siem"
LIMIT_S = 60.0
ALIVE_S = 10.0
NOTHING_FOUND = 1
"""What grep returns."""
SIZE = f"date +%s.%N; stat --format=%s {ARCHIVE}/alertes.jsonl 2>/dev/null || echo 0"
ALERTS = f"test ! -e {ARCHIVE}/alertes.jsonl || tail --bytes=+{{start}} {ARCHIVE}/alertes.jsonl"
# Sealed files and the one that is being written, those alone that were written to since.
EVENTS = (
    rf"find {ARCHIVE} -maxdepth 1 \( -name 'evenements-*.jsonl' -o -name courant.jsonl \) -newermt @{{since}} -print0"
    # xargs tells a grep that finds nothing and one that fails alike.
    " | xargs --null --no-run-if-empty sh -c"
    ' \'word=$1; shift; grep --no-filename --fixed-strings -e "$word" -- "$@" || test $? -eq 1\' grep {words}'
)
# The last file too, if it was sealed meanwhile; its last lines, more than hosts write in that time.
SIGNS = (
    rf"date +%s.%N; find {ARCHIVE} -maxdepth 1 \( -name 'evenements-*.jsonl' -o -name courant.jsonl \)"
    rf" -newermt '-{ALIVE_S:.0f} seconds' -print0 | xargs --null --no-run-if-empty tail --quiet --lines=20000"
    " | grep --fixed-strings -- '-- MARK --'"
)


class Embedded:
    """Files of the collector, over the out-of-band ssh."""

    name = "embedded"

    def __init__(self, remote: Remote, host: str) -> None:
        self._remote = remote
        self._host = host

    def mark(self) -> Mark:
        clock, size = self._told(SIZE).split()
        return Mark(datetime.fromtimestamp(float(clock), UTC), int(size))

    def alerts(self, since: Mark) -> list[Alert]:
        told = self._told(ALERTS.format(start=since.offset + 1))
        # After a crash the collector may write one again.
        return list({alert.id: alert for alert in map(Alert.read, _objects(told))}.values())

    def events(self, since: Mark, words: str) -> list[Event]:
        script = EVENTS.format(since=int(since.instant.timestamp()), words=shlex.quote(words))
        told = self._told(script)
        return [Event(str(one["host"]), str(one["message"])) for one in _objects(told)]

    def reporting(self) -> frozenset[str]:
        clock, _, told = self._told(SIGNS, harmless=(0, NOTHING_FOUND)).partition("\n")
        now = float(clock)
        return frozenset(
            str(one["host"])
            for one in _objects(told)
            if now - datetime.fromisoformat(one["received_at"]).timestamp() <= ALIVE_S
        )

    def _told(self, script: str, harmless: tuple[int, ...] = (0,)) -> str:
        done = self._remote.run(self._host, script, timeout_s=LIMIT_S)
        if done.rc not in harmless:
            raise Inconclusive(f"{self._host} : le collecteur n'a pas pu être lu ({done.stderr.strip() or done.rc})")
        return done.stdout


def _objects(told: str) -> Iterator[dict[str, Any]]:
    """One object a line; a line that is being written is left for later."""
    for line in told.splitlines():
        if not line.endswith("}"):
            continue
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise Inconclusive(f"Ligne du collecteur incomprise : {line[:200]}") from error
        yield found

"""The log of the directory: what one change, or one refusal, left in it."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recette.errors import Inconclusive
from recette.shell import Remote
from recette.site import Host
from recette.waiting import wait_until

AUDIT = "/var/log/samba/audit.json"
ARRIVAL_LIMIT_S = 5.0
"""Guard: the server writes a line when the change is done."""

Event = Mapping[str, Any]


@dataclass(frozen=True)
class AuditTrail:
    """The log of each server, from an instant on: `marks` are the sizes of the files then."""

    remote: Remote
    marks: Mapping[str, int]

    @classmethod
    def begin(cls, remote: Remote, servers: Sequence[Host]) -> AuditTrail:
        """From now on. Inconclusive if a server keeps no log."""
        sizes = remote.map([server.name for server in servers], f"stat --format=%s {shlex.quote(AUDIT)}")
        silent = [name for name, done in sizes.items() if done.rc != 0]
        if silent:
            raise Inconclusive(f"Aucun journal de l'annuaire sur {', '.join(silent)} ({AUDIT})")
        return cls(remote, {name: int(done.stdout) for name, done in sizes.items()})

    def text(self) -> str:
        """What was written since."""
        return "\n".join(
            self.remote.run(name, f"tail --bytes=+{mark + 1} {shlex.quote(AUDIT)}").stdout
            for name, mark in self.marks.items()
        )

    def events(self) -> Iterator[Event]:
        """The same, one object a line; a line that is being written is left for later."""
        for line in map(str.strip, self.text().splitlines()):
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    def find(self, wanted: Callable[[Event], bool]) -> Event | None:
        """The first event that fits, awaited a little; None if it does not come."""
        try:
            return wait_until(lambda: next(filter(wanted, self.events()), None), ARRIVAL_LIMIT_S, "L'événement")
        except Inconclusive:
            return None


def changes_of(dn: str) -> Callable[[Event], bool]:
    """A change of this object, as a user of the directory made it."""

    def wanted(event: Event) -> bool:
        change = event.get("dsdbChange", {})
        return bool(change.get("dn", "").lower() == dn.lower() and not change["performedAsSystem"])

    return wanted


def refusals_of(login: str) -> Callable[[Event], bool]:
    """A refused authentication of this account."""

    def wanted(event: Event) -> bool:
        told = event.get("Authentication", {})
        named = {str(told.get(name, "")).lower().split("@")[0] for name in ("clientAccount", "mappedAccount")}
        return login.lower() in named and told["status"] != "NT_STATUS_OK"

    return wanted


def author(event: Event) -> str:
    """The security identifier of who made a change."""
    return str(event["dsdbChange"]["userSid"])


def written(event: Event, attribute: str) -> list[str]:
    """The values that a change gave to an attribute, or took from it."""
    actions = event["dsdbChange"].get("attributes", {}).get(attribute, {}).get("actions", ())
    return [_read(value) for action in actions for value in action.get("values", ())]


def sid(raw: str) -> str:
    """A security identifier as people write it, from its bytes in hexadecimal (MS-DTYP 2.4.2)."""
    data = bytes.fromhex(raw)
    parts = [data[8 + 4 * rank : 12 + 4 * rank] for rank in range(data[1])]
    numbers = [data[0], int.from_bytes(data[2:8], "big"), *(int.from_bytes(part, "little") for part in parts)]
    return "-".join(["S", *map(str, numbers)])


def _read(value: Mapping[str, Any]) -> str:
    """A value of the log: what is not ASCII is in base 64 there."""
    told = str(value.get("value", ""))
    return base64.b64decode(told).decode(errors="replace") if value.get("base64") else told

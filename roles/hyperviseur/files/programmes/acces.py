"""Who may ask what: passwords, tickets and tokens, in the forms of Proxmox VE."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pve import RefusedError

COOKIE, TOKEN = "PVEAuthCookie=", "PVEAPIToken="
LIFE_S, EARLY_S = 7200, 300
"""A ticket is good for two hours; a clock may be five minutes ahead of another."""
WRITERS = ("Administrator", "PVEAdmin")
NO_TICKET, NO_RIGHT = 401, 403


@dataclass(frozen=True)
class Caller:
    """Somebody who proved who he is. `by_ticket`: his orders need a token of their own, against forged requests."""

    user: str
    role: str
    by_ticket: bool = False

    @property
    def may_write(self) -> bool:
        return self.role in WRITERS


class Access:
    """The users of the interface; the role wrote digests, never what they are of."""

    def __init__(self, users: list[Mapping[str, Any]], key: str) -> None:
        self._users = {str(user["userid"]): user for user in users}
        self._key = key.encode()

    def log_on(self, user: str, password: str, now: int) -> dict[str, Any]:
        """A ticket. Refused if the password is wrong, without a word on which of both is."""
        known = self._users.get(user, {})
        if not _same(str(known.get("password_sha256", "")), password):
            raise RefusedError(NO_TICKET, "authentication failure")
        role = str(known["role"])
        return {
            "username": user,
            "ticket": self._ticket(user, now),
            "CSRFPreventionToken": self.csrf(user, now),
            "cap": {"vms": {"VM.PowerMgmt": 1} if role in WRITERS else {"VM.Audit": 1}},
        }

    def caller(self, headers: Mapping[str, str], now: int) -> Caller:
        """Who asks. Refused if he proves nothing."""
        said = headers.get("Authorization", "")
        if said.startswith(TOKEN):
            return self._by_token(said.removeprefix(TOKEN))
        for part in headers.get("Cookie", "").split(";"):
            if part.strip().startswith(COOKIE):
                return self._by_ticket(unquote(part.strip().removeprefix(COOKIE)), now)
        raise RefusedError(NO_TICKET, "No ticket")

    def allow_order(self, caller: Caller, token: str, now: int) -> None:
        """Refused if he may only look, or if somebody else's page may have sent his request."""
        if not caller.may_write:
            raise RefusedError(NO_RIGHT, "Permission check failed")
        if caller.by_ticket:
            stamp = token.partition(":")[0]
            valid = self._age(stamp, now) is not None and hmac.compare_digest(
                token, self._signed_csrf(caller.user, stamp)
            )
            if not valid:
                raise RefusedError(NO_TICKET, "Permission denied - invalid csrf token")

    def csrf(self, user: str, now: int) -> str:
        return self._signed_csrf(user, f"{now:08X}")

    def _by_token(self, said: str) -> Caller:
        name, _, value = said.partition("=")
        user, _, identifier = name.partition("!")
        known = self._users.get(user, {})
        right = identifier and str(known.get("token_id", "")) == identifier
        if not right or not _same(str(known.get("token_sha256", "")), value):
            raise RefusedError(NO_TICKET, "invalid token value!")
        return Caller(user, str(known["role"]))

    def _by_ticket(self, ticket: str, now: int) -> Caller:
        told, separator, _ = ticket.partition("::")
        kind, _, rest = told.partition(":")
        user, _, stamp = rest.rpartition(":")
        good = separator and kind == "PVE" and user in self._users and self._age(stamp, now) is not None
        if not good or not hmac.compare_digest(ticket, self._signed(told)):
            raise RefusedError(NO_TICKET, "permission denied - invalid PVE ticket")
        return Caller(user, str(self._users[user]["role"]), by_ticket=True)

    def _ticket(self, user: str, now: int) -> str:
        return self._signed(f"PVE:{user}:{now:08X}")

    def _signed(self, told: str) -> str:
        return f"{told}::{self._seal(told)}"

    def _signed_csrf(self, user: str, stamp: str) -> str:
        return f"{stamp}:{self._seal(f'{stamp}:{user}')}"

    def _seal(self, text: str) -> str:
        return base64.b64encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest()).decode("ascii")

    def _age(self, stamp: str, now: int) -> int | None:
        """How old a stamp is; None when it is none, or not good any more."""
        try:
            age = now - int(stamp, 16)
        except ValueError:
            return None
        return age if -EARLY_S <= age <= LIFE_S else None


def _same(digest: str, text: str) -> bool:
    """Whether a digest is of a text; no digest is of nothing. Its secrets are drawn, long: no salt is needed."""
    return bool(digest) and hmac.compare_digest(digest, hashlib.sha256(text.encode()).hexdigest())

"""How one enters the mail system: encrypted, under one's own name, and only as long as the account is valid."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.mail import Box, Call, Dialogue, Door, hold, read
from recette.shell import Remote
from recette.trials.mail.staff import Colleague
from recette.waiting import NotYet, wait_until

CLEAR_PORTS = (110, 143)
CONNECT_LIMIT_S = 4.0
REFUSED_FOR_CLEAR = frozenset({502, 503, 504, 530, 538})
"""What a server answers that does not offer to log on in clear text (RFC 4954, RFC 3207); 535 would be a password."""
PATIENCE_S = 30.0
"""A server makes who fails to log on wait, longer each time."""
GUARD_S = 120.0


@dataclass(frozen=True)
class Clear:
    """What the services answered to a password offered in clear text, and the clear ports that were open."""

    dialogues: tuple[Dialogue, ...]
    open_ports: tuple[str, ...]

    def accepting(self) -> list[str]:
        """Services that offer or accept it. Raises Inconclusive if one did not answer."""
        wrong = []
        for dialogue in self.dialogues:
            hello, auth = dialogue.reply("EHLO"), dialogue.reply("AUTH")
            if hello is None or auth is None:
                raise Inconclusive(f"{_called(dialogue)} n'a pas répondu : {dialogue}")
            if "AUTH" in hello.text.split() or auth.code not in REFUSED_FOR_CLEAR:
                offered = "propose l'identification" if "AUTH" in hello.text.split() else f"répond {auth}"
                wrong.append(f"{_called(dialogue)} {offered} — Attendu : aucune identification en clair")
        return wrong


def try_in_clear(remote: Remote, colleague: Colleague, neighbour: str) -> Clear:
    """Offer a password in clear text from a desk; look for clear ports from a neighbour of the servers.

    No firewall stands between the neighbour and them: what is closed there is closed by the servers.
    """
    doors = colleague.doors
    submission = Door(doors.submission.addresses, 587, doors.submission.name)
    token = base64.b64encode("\0".join(("", *colleague.login)).encode()).decode()
    calls = [Call(submission.at(address), (f"AUTH PLAIN {token}",)) for address in submission.addresses]
    knocks = [
        Call(Door((address,), port, doors.reading.name), limit_s=CONNECT_LIMIT_S)
        for address in doors.reading.addresses
        for port in CLEAR_PORTS
    ]
    with ThreadPoolExecutor(2) as pool:
        said, knocked = pool.map(lambda who: hold(remote, *who), ((colleague.office, calls), (neighbour, knocks)))
    return Clear(said, tuple(_called(one) for one in knocked if one.address is not None))


def _called(dialogue: Dialogue) -> str:
    return f"{dialogue.call.door.addresses[0]}:{dialogue.call.door.port}"


@dataclass
class Entry:
    """Whether each server lets an account post and read."""

    posting: Mapping[str, str]
    reading: Mapping[str, str]
    """Address of the server -> nothing if it let the account in, else its refusal."""

    @property
    def all_open(self) -> bool:
        return not any((*self.posting.values(), *self.reading.values()))


def enter(remote: Remote, colleague: Colleague) -> Entry:
    """Log on to each server, for posting and for reading. A server that does not answer is no refusal: Inconclusive."""
    doors = colleague.doors
    calls = [
        Call(doors.posting.at(address), login=colleague.login, limit_s=PATIENCE_S)
        for address in doors.posting.addresses
    ]
    boxes = [Box(doors.reading.at(address), colleague.login) for address in doors.reading.addresses]
    dialogues = hold(remote, colleague.office, calls)
    readings = read(remote, colleague.office, boxes, prefix="<none-", limit_s=0.0, call_s=PATIENCE_S)
    posting, reading = {}, {}
    for dialogue in dialogues:
        auth = dialogue.reply("AUTH")
        if auth is None:
            raise Inconclusive(f"{_called(dialogue)} : {dialogue}")
        posting[_called(dialogue)] = "" if auth.accepted else str(auth)
    for box, one in zip(boxes, readings, strict=True):
        if one.error and "AUTHENTICATIONFAILED" not in one.error.upper():
            raise Inconclusive(f"{box.door.addresses[0]}:{box.door.port} : {one.error}")
        reading[f"{box.door.addresses[0]}:{box.door.port}"] = one.error
    return Entry(posting, reading)


@dataclass
class Closing:
    """When each door was first found closed, in seconds after the account was; endless if it never was."""

    posting_s: dict[str, float]
    reading_s: dict[str, float]
    refusals: dict[str, str]

    def worst(self, delays: Mapping[str, float]) -> float:
        return max(delays.values(), default=float("inf"))


def watch_closing(remote: Remote, colleague: Colleague, since_s: float) -> Closing:
    """Try until every server refuses both, or the guard is over."""
    seen = Closing({}, {}, {})

    def closed() -> bool | NotYet:
        try:
            entry = enter(remote, colleague)
        except Inconclusive as error:
            return NotYet(str(error))
        now = time.monotonic() - since_s
        for delays, answers in ((seen.posting_s, entry.posting), (seen.reading_s, entry.reading)):
            for server, refusal in answers.items():
                if refusal:
                    delays.setdefault(server, now)
                    seen.refusals[server] = refusal
                else:
                    delays.pop(server, None)
        still = [server for answers in (entry.posting, entry.reading) for server, no in answers.items() if not no]
        return not still or NotYet(f"encore ouvert : {', '.join(still)}")

    try:
        wait_until(closed, GUARD_S, "Le refus du compte")
    except Inconclusive as error:
        seen.refusals["en vain"] = str(error)
        for delays, door in ((seen.posting_s, 465), (seen.reading_s, 993)):
            for address in colleague.doors.reading.addresses:
                delays.setdefault(f"{address}:{door}", float("inf"))
    return seen

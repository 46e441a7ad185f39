"""Who plays which part in the mail scenarios: each has people of its own, so that none feels another's faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from recette.platform import Platform
from recette.probes.mail import Box, Door
from recette.site import Site
from recette.trials.mail.doors import Doors
from recette.trials.mail.exchange import Party
from recette.trials.mail.outsider import outsider
from recette.trials.mail.staff import Colleague, Staff
from recette.trials.mail.unwanted import Cast
from recette.waiting import NotYet, wait_until

REPLICATED_LIMIT_S = 60.0
"""Guard: both directory servers must agree before a list is written to."""
IMPOSTOR = "attaquant"
ROAMER = "nomade"
READERS = 10
"""Mailboxes among which a load is shared."""
SERVER = "dc1"
"""The directory server on which an administrator makes a change."""


@dataclass(frozen=True)
class Movement:
    """Somebody entered a group, somebody else left it."""

    group: str
    joined: Colleague
    left: Colleague


class Parties:
    """The people and systems that the features name."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.staff = Staff(site)
        self.doors = Doors.of(site)

    @cached_property
    def author(self) -> Colleague:
        return self.staff.colleague("b30-admin")

    @cached_property
    def peer(self) -> Colleague:
        """A colleague of another building."""
        return self.staff.colleague("b25-labo")

    @cached_property
    def closed(self) -> Colleague:
        """The one whose account is disabled."""
        return self.staff.colleague("b90-mgh")

    @cached_property
    def hoarder(self) -> Colleague:
        """The one whose mailbox is filled."""
        return self.staff.colleague("b40-maintenance")

    @cached_property
    def crowd(self) -> tuple[Colleague, ...]:
        """Those among whom a load is shared."""
        return self.staff.colleagues(READERS, first_rank=1)

    @cached_property
    def diligent(self) -> Colleague:
        """The one who writes and reads without pause."""
        return self.staff.colleague("pc-securite")

    @property
    def employee(self) -> Party:
        return self.party(self.author)

    @property
    def colleague(self) -> Party:
        return self.party(self.peer)

    @cached_property
    def outsider(self) -> Party:
        """A stranger, behind a mail system of the Internet."""
        return outsider(self.site)

    @property
    def cast(self) -> Cast:
        return Cast(self.outsider, IMPOSTOR, self.employee, self.colleague, self.doors.relay)

    @property
    def web(self) -> dict[str, tuple[str, Door]]:
        """Where the webmail is opened from, and by which name."""
        return {"un bureau": (self.desk, self.doors.web), "Internet": (ROAMER, self.doors.web_outside)}

    @property
    def relay_host(self) -> str:
        (relay,) = self.site.members("relais_messagerie")
        return relay.name

    @property
    def desk(self) -> str:
        """The workstation from which mailboxes are put in order."""
        return self.author.office

    @property
    def boxes(self) -> list[Box]:
        """The mailboxes to which scenarios write."""
        return [who.box for who in (self.author, self.peer, self.closed, self.hoarder, self.diligent, *self.crowd)]

    def party(self, who: Colleague) -> Party:
        """An employee at a desk."""
        return Party(who.account.display_name, who.address, who.office, self.doors.posting, who.login, who.box)

    def named(self, words: str) -> Party:
        """Whom the words of a feature mean. Raises KeyError for words that mean nobody."""
        return {
            "un salarié": self.employee,
            "un collègue d'un autre bâtiment": self.colleague,
            "un correspondant extérieur": self.outsider,
        }[words]

    def members(self, group: str, movement: Movement | None = None) -> tuple[Colleague, ...]:
        """Whom a list must reach: the members of the personnel file, and who moved since."""
        named = self.staff.members(group)
        return named if movement is None else (*(who for who in named if who != movement.left), movement.joined)

    @contextmanager
    def moved(self, platform: Platform, group: str) -> Iterator[Movement]:
        """Let somebody enter a group and somebody else leave it, until the block ends; both servers know it by then."""
        members = self.staff.members(group)
        known = {who.account.login for who in members}
        joined = next(who for who in self.crowd if who.account.login not in known)
        left = members[-1]
        come, gone = ("join", joined.account.login, group), ("leave", left.account.login, group)
        back = [("leave", joined.account.login, group), ("join", left.account.login, group)]
        with platform.accounts.changed(f"membres de {group}", SERVER, [come, gone], back):
            self._await_members(platform, group, joined, left)
            yield Movement(group, joined, left)

    @contextmanager
    def disabled(self, platform: Platform, who: Colleague) -> Iterator[float]:
        """Disable an account until the block ends; yields the instant before it was, by the monotonic clock."""
        act, undo = ("disable", who.account.login), ("enable", who.account.login)
        since_s = time.monotonic()
        with platform.accounts.changed(f"compte {who.account.login} désactivé", SERVER, [act], [undo]):
            yield since_s

    @staticmethod
    def _await_members(platform: Platform, group: str, joined: Colleague, left: Colleague) -> None:
        def known() -> bool | NotYet:
            late = []
            for server in platform.directory.servers:
                holders = platform.directory.account(group, ("member",), server=server).all("member")
                names = [
                    platform.directory.account(who.account.login, server=server).dn in holders for who in (joined, left)
                ]
                if names != [True, False]:
                    late.append(server.name)
            return not late or NotYet(f"{', '.join(late)} ne connaît pas encore les membres")

        wait_until(known, REPLICATED_LIMIT_S, f"La réplication du groupe {group}")

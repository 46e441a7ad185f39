"""An employee whose account is disabled while he telephones."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.personnel import Account
from recette.platform import Platform
from recette.probes.calls import Call, Phone, Unseen, started
from recette.shell import Remote
from recette.trials.people import People
from recette.trials.telephony import exchange, parties, talks
from recette.trials.telephony.talks import RING_LIMIT_S
from recette.waiting import wait_until

RETURN_LIMIT_S = 60.0
KNOWN = "asterisk -rx 'pjsip show endpoint {extension}'"


@dataclass
class Cut:
    """A conversation, and when the account of the one who called was disabled (seconds of the monotonic clock)."""

    remote: Remote
    person: Account
    taken: Phone
    call: Call
    since_s: float = math.inf

    def seconds_until_cut(self, limit_s: float) -> float:
        """How long after the account was disabled his call ended; infinite if it goes on."""
        left_s = max(0.0, self.since_s + limit_s - time.monotonic())
        try:
            return self.taken.wait_ended(self.call, left_s) - self.since_s
        except Unseen:
            return math.inf

    def presented_again(self) -> str:
        """Have the same telephone present itself anew; what the exchange says of it. Inconclusive if it is silent."""
        with started(self.remote, self.taken.line) as again:
            return wait_until(lambda: [said for _, _, said in again.registrations], RING_LIMIT_S, "La réponse")[-1]


@contextmanager
def talking(platform: Platform, people: People) -> Iterator[Cut]:
    """An employee calls a colleague, and they go on talking."""
    person = parties.employee(people, 3)
    caller = parties.line(platform, people, person, 0)
    called = parties.line(platform, people, parties.employee(people, 1), 1)
    # A telephone that is refused tries again so often that it is barred.
    with exchange.forgiving(platform), talks.both(platform, caller, called) as (one, other):
        call = one.dial(called.extension)
        other.incoming(RING_LIMIT_S)
        other.answer()
        one.wait_established(call, RING_LIMIT_S)
        yield Cut(platform.remote, person, one, call)


@contextmanager
def disabled(platform: Platform, person: Account) -> Iterator[None]:
    """Disable an account until the block ends."""
    login, server = person.login, platform.directory.servers[0].name
    with platform.accounts.changed("compte désactivé", server, [("disable", login)], [("enable", login)]):
        yield


def await_known(platform: Platform, cut: Cut) -> None:
    """Wait until the exchanges know the telephone again."""
    names = [host.name for host in platform.site.group(parties.EXCHANGE)]
    script = KNOWN.format(extension=cut.person.extension)

    def known() -> bool:
        told = platform.remote.map(names, script)
        return all("Unable to find" not in done.stdout for done in told.values())

    wait_until(known, RETURN_LIMIT_S, f"Le poste {cut.person.extension} de nouveau connu")

"""Change accounts of the directory as an administrator would, and put them back whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.signals import uninterrupted
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.probes.directory import DISABLED, SUCCESS, Answer, Directory, Entry, Login
from recette.provision import Provisioned, provision

DRIVER, ROLE = "account", "annuaire"
ALREADY, ABSENT = 20, 16
"""Results of LDAP for a value that is there already, or no longer (RFC 4511)."""
IS_MEMBER, IS_NO_MEMBER = 68, 53
"""What Samba answers instead, for members of a group."""


class Accounts:
    """The verbs that the undo journal may name; each takes the name of a server, then an account, and is idempotent."""

    def __init__(self, directory: Directory, journal: Journal) -> None:
        self.directory = directory
        self.journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {
            DRIVER: {
                "enable": self.enable,
                "disable": self.disable,
                "join": self.join,
                "leave": self.leave,
                "unlock": self.unlock,
                "describe": self.describe,
                "reset": self.reset,
                "remove": self.remove,
                "reload": self.reload,
            }
        }

    def enable(self, server: str, login: str) -> None:
        """Let the account be used."""
        self._flag(server, login, disabled=False)

    def disable(self, server: str, login: str) -> None:
        """Refuse every use of the account."""
        self._flag(server, login, disabled=True)

    def join(self, server: str, login: str, group: str) -> None:
        """Make the account a member of a group."""
        self._member(server, login, group, "add", {ALREADY, IS_MEMBER})

    def leave(self, server: str, login: str, group: str) -> None:
        """Take the account out of a group."""
        self._member(server, login, group, "delete", {ABSENT, IS_NO_MEMBER})

    def unlock(self, server: str, login: str) -> None:
        """Forget the failures that locked the account."""
        self._replace(server, login, "lockoutTime", "0")

    def describe(self, server: str, login: str, text: str) -> None:
        """Write the description of the account; nothing to erase it."""
        self._replace(server, login, "description", *([text] if text else []))

    def reset(self, server: str, login: str, secret: str) -> None:
        """Give the account back the password that has this name among the secrets of the site."""
        dn = self._entry(server, login).dn
        self._must(server, [{"do": "password", "dn": dn, "new": self.directory.secret(secret)}], f"reset {login}")

    def remove(self, server: str, number: str) -> None:
        """Delete the account of the employee who has this number, if there is one."""
        host = self.directory.site.host(server)
        for entry in self.directory.search(f"(employeeID={number})", ("cn",), base=self.directory.base, server=host):
            self._must(server, [{"do": "delete", "dn": entry.dn}], f"remove {number}")

    def reload(self, server: str, file: str = "") -> None:
        """Load a personnel file by the role of the directory; that of the site by default."""
        self.load(server, file)

    def load(self, server: str, file: str = "") -> Provisioned:
        """The same, telling what the role did. Raises RecetteError if it fails."""
        variables = {"annuaire_personnel": file} if file else {}
        # In another thread: in the main one ansible-runner would replace the handlers of the signals, for good.
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(
                provision, self.directory.site, hosts=[server], roles=[ROLE], variables=variables
            ).result()
        done.require_success()
        return done

    def change_password(self, server: str, login: str, old: str, new: str) -> Answer:
        """What the directory answers to the owner of an account who changes the password; judged by the caller."""
        entry = self.directory.account(login, ("userPrincipalName",), server=self.directory.site.host(server))
        request = {"do": "password", "dn": entry.dn, "old": old, "new": new}
        owner = Login(entry.first("userPrincipalName"), old)
        return self.directory.talk([request], login=owner, server=self.directory.site.host(server)).only()

    @contextmanager
    def changed(
        self, what: str, server: str, acts: Sequence[tuple[str, ...]], undo: Sequence[tuple[str, ...]]
    ) -> Iterator[None]:
        """Perform acts, each a verb and its arguments after the server; undo them when the block ends.

        The undo is on disk first: a killed run is repaired by the next one. Raises Inconclusive if the directory
        refuses.
        """
        drivers = self.verbs()
        with undone(self.journal, what, (server,), [_act(server, one) for one in undo], drivers):
            with uninterrupted():
                for act in acts:
                    _act(server, act).perform(drivers)
            yield

    def _flag(self, server: str, login: str, *, disabled: bool) -> None:
        found = self._entry(server, login)
        flags = found.number("userAccountControl")
        wanted = flags | DISABLED if disabled else flags & ~DISABLED
        if wanted != flags:
            self._replace(server, login, "userAccountControl", str(wanted))

    def _member(self, server: str, login: str, group: str, act: str, harmless: set[int]) -> None:
        member, holder = self._entry(server, login), self._entry(server, group)
        change = {"do": "modify", "dn": holder.dn, "changes": [["member", act, [member.dn]]]}
        self._must(server, [change], f"{act} {login} {group}", harmless)

    def _replace(self, server: str, login: str, attribute: str, *values: str) -> None:
        dn = self._entry(server, login).dn
        change = {"do": "modify", "dn": dn, "changes": [[attribute, "replace", list(values)]]}
        self._must(server, [change], f"{attribute} {login}")

    def _entry(self, server: str, name: str) -> Entry:
        return self.directory.account(name, server=self.directory.site.host(server))

    def _must(
        self, server: str, requests: Sequence[Mapping[str, Any]], what: str, harmless: set[int] | None = None
    ) -> None:
        answer = self._ask(server, requests)
        if answer.code not in {SUCCESS} | (harmless or set()):
            raise Inconclusive(f"{server} : l'administrateur n'a pas pu modifier l'annuaire ({what}) : {answer}")

    def _ask(self, server: str, requests: Sequence[Mapping[str, Any]]) -> Answer:
        return self.directory.talk(requests, server=self.directory.site.host(server)).only()


def _act(server: str, one: tuple[str, ...]) -> Act:
    verb, *args = one
    return Act(driver=DRIVER, verb=verb, args=(server, *args))

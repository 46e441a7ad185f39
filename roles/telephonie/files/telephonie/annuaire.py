"""Follows the directory: who has a telephone, where, with which rights. Who has lost his account is cut off."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from telephonie.central import STATE, ask, forget, log
from telephonie.postes import Poste, pjsip, voicemail

ATTRIBUTES = ["ipPhone", "displayName", "physicalDeliveryOfficeName", "mail", "accountExpires", "memberOf"]
ENABLED = "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
CONNECT_S, ANSWER_S = 2, 10
WHOLE_S = 60.0
"""After that long everybody is read again, whether the directory says that it has changed or not."""
EPOCH_1601_S = 11644473600
NEVER = ("0", "9223372036854775807")


class Directory:
    """The servers of the directory, of which the first that answers is asked."""

    def __init__(self, settings: dict[str, Any], trust: str) -> None:
        self._settings = settings
        self._tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=trust, version=ssl.PROTOCOL_TLS_CLIENT)
        self._session: ldap3.Connection | None = None
        self._seen: tuple[str, str] = ("", "")
        self._read_at = 0.0
        self._people: list[dict[str, Any]] = []

    def people(self) -> list[dict[str, Any]]:
        """Attributes of everybody who has an extension and an enabled account; LDAPException when no server answers.

        A server numbers its changes: as long as the number stands, so does what was read.
        """
        session = self._connected()
        session.search("", "(objectClass=*)", ldap3.BASE, attributes=["dnsHostName", "highestCommittedUSN"])
        told = session.response[0]["raw_attributes"]
        seen = (told["dnsHostName"][0].decode(), told["highestCommittedUSN"][0].decode())
        now = time.monotonic()
        if seen != self._seen or now - self._read_at > WHOLE_S or not self._people:
            wanted = f"(&(objectCategory=person)(objectClass=user)(ipPhone=*){ENABLED})"
            session.search(self._settings["base"], wanted, ldap3.SUBTREE, attributes=ATTRIBUTES)
            self._people = [found["attributes"] for found in session.response if found["type"] == "searchResEntry"]
            self._seen, self._read_at = seen, now
        return self._people

    def drop(self) -> None:
        """Forget the session: the next question opens another one."""
        self._session = None

    def _connected(self) -> ldap3.Connection:
        if self._session is None:
            self._session = next(self._sessions())
        return self._session

    def _sessions(self) -> Iterator[ldap3.Connection]:
        failed: Exception = LDAPException("no server is declared")
        for name in self._settings["servers"]:
            server = ldap3.Server(
                name, 636, use_ssl=True, tls=self._tls, get_info=ldap3.NONE, connect_timeout=CONNECT_S
            )
            try:
                yield ldap3.Connection(
                    server, self._settings["account"], self._settings["password"], auto_bind=True,
                    receive_timeout=ANSWER_S, raise_exceptions=True, auto_referrals=False, read_only=True,
                )  # fmt: skip
            except (LDAPException, OSError) as error:
                failed = error
        raise LDAPException(str(failed)) from failed


def postes(people: list[dict[str, Any]], settings: dict[str, Any], now_s: float) -> list[Poste]:
    """The telephones of the site at a time (seconds since 1970): people whose account is valid, and shared ones."""
    rights = f"cn={escape_filter_chars(settings['international_group'])},".lower()
    found = [Poste(**phone) for phone in settings["shared_phones"]]
    for person in people:
        told = {name: _texts(person.get(name)) for name in ATTRIBUTES}
        extension, expires = told["ipPhone"][0], (told["accountExpires"] or ["0"])[0]
        if expires not in NEVER and int(expires) / 1e7 - EPOCH_1601_S <= now_s:
            continue
        if extension not in settings["passwords"]:
            continue
        found.append(
            Poste(
                extension,
                (told["displayName"] or [extension])[0],
                (told["physicalDeliveryOfficeName"] or [""])[0],
                settings["passwords"][extension],
                (told["mail"] or [""])[0],
                international=any(group.lower().startswith(rights) for group in told["memberOf"]),
            )
        )
    return found


def follow(settings: dict[str, Any]) -> None:
    """Look at the directory for ever. As long as no server answers, telephones stay as they are."""
    directory, silent = Directory(settings["directory"], settings["trust"]), False
    applied: list[Poste] | None = None
    while True:
        try:
            found = sorted(postes(directory.people(), settings, time.time()))
            if found != applied:
                apply(found, settings)
                applied = found
            if silent:
                log("directory: it answers again")
            silent = False
        except LDAPException as error:
            if not silent:
                log(f"directory: no answer, telephones stay as they are: {error}")
            silent = True
            directory.drop()
        except OSError as error:
            log(f"exchange: no answer, tried again: {error}")
        time.sleep(settings["follow_seconds"])


def apply(found: list[Poste], settings: dict[str, Any]) -> None:
    """Give Asterisk its telephones, then cut off those that it has lost."""
    _write(STATE / "pjsip_postes.conf", pjsip(found, settings["realm"], settings["building_numbers"]))
    _write(STATE / "voicemail_postes.conf", voicemail(found))
    ask("module reload res_pjsip.so")
    ask("voicemail reload")
    here, known = {poste.extension for poste in found}, STATE / "postes.txt"
    gone = (set(known.read_text(encoding="ascii").split()) if known.exists() else set()) - here
    if gone:
        forget(gone)
    _write(known, "\n".join(sorted(here)) + "\n")
    log(f"telephones: {len(here)} served, {len(gone)} cut off{': ' + ' '.join(sorted(gone)) if gone else ''}")


def _write(path: Path, text: str) -> None:
    """Replace a file at once."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o640)
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)


def _texts(value: Any) -> list[str]:
    """An attribute as texts: the library gives one value, several or none, as bytes or not."""
    values = value if isinstance(value, list) else [value]
    return [each.decode() if isinstance(each, bytes) else str(each) for each in values if each not in (None, "")]

"""One message for one mailbox: on both servers, and once."""

from __future__ import annotations

import email.parser
import email.policy
import re
import smtplib
import threading
from collections import defaultdict

from messagerie_copie.copies import BOXES, Copies
from messagerie_copie.dovecot import ANSWER_S, DOVECOT, Doveadm, Logins
from messagerie_copie.journal import INFORMATION, WARNING, Failed, log

MESSAGE_ID = re.compile(r"<[^<>\s]+>")
DONE = 250


def message_id(message: bytes) -> str | None:
    """The Message-ID of a message, None when it has none that can be searched for."""
    head = message[: message.find(b"\r\n\r\n") + 2] or message
    headers = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(head)
    found = MESSAGE_ID.search(str(headers.get("Message-ID", "")))
    return found[0] if found else None


class Deliveries:
    """Delivers one message to one mailbox, on both servers."""

    def __init__(self, copies: Copies, doveadm: Doveadm, logins: Logins) -> None:
        self._copies, self._doveadm, self._logins = copies, doveadm, logins
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def deliver(self, sender: str, recipient: str, message: bytes) -> tuple[int, str]:
        """Return the LMTP answer for the recipient."""
        try:
            return self._deliver(sender, recipient, message)
        except smtplib.SMTPResponseException as refusal:
            return refusal.smtp_code, refusal.smtp_error.decode(errors="replace")
        except (Failed, OSError, smtplib.SMTPException) as error:
            log(WARNING, f"delivery to {recipient}: {error}")
            return 451, "4.3.0 mailbox server not available"

    def _deliver(self, sender: str, recipient: str, message: bytes) -> tuple[int, str]:
        login = self._logins.of(recipient)
        if login is None:
            return 550, "5.1.1 no such mailbox"
        # Before the mailbox is searched, it must hold what the other server delivered meanwhile.
        if login not in self._copies.met:
            self._copies.commit(login)
        with self._locks[login]:
            if self._present(login, message_id(message)):
                log(INFORMATION, f"{message_id(message)} stands in the mailbox of {login} already")
                answer = "2.0.0 already delivered"
            else:
                answer = self._hand_over(sender, recipient, message)
        both = self._copies.commit(login)
        return DONE, f"{answer} ({'both servers' if both else 'this server alone'})"

    def _present(self, login: str, identifier: str | None) -> bool:
        if identifier is None:
            return False
        return bool(self._doveadm.run(login, "search", *BOXES, "header", "message-id", identifier))

    @staticmethod
    def _hand_over(sender: str, recipient: str, message: bytes) -> str:
        """Give the message to Dovecot's LMTP; raise SMTPResponseException when it refuses."""
        with smtplib.LMTP(str(DOVECOT / "lmtp"), timeout=ANSWER_S) as session:
            session.ehlo_or_helo_if_needed()
            for code, text in (session.mail(sender), session.rcpt(recipient)):
                if code != DONE:
                    raise smtplib.SMTPResponseException(code, text)
            code, text = session.data(message)
            if code != DONE:
                raise smtplib.SMTPResponseException(code, text)
            return text.decode(errors="replace").split(" Saved")[0]

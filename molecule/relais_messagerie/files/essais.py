"""Hands mail to the relay as the outside and the inside do, and prints "TRY: stage code text" for each try."""

import base64
import smtplib
import sys

OURS, THEIRS = "agnes@cenexis.example", "alice@partenaire.example"
EICAR = base64.b64decode("WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=")
REFUSED = 400
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
RELAY = (
    THEIRS,
    "alice%partenaire.example@cenexis.example",
    "partenaire.example!alice",
    "partenaire.example!alice@cenexis.example",
    "@cenexis.example:alice@partenaire.example",
    '"alice@partenaire.example"@cenexis.example',
    '"alice@partenaire.example"',
    "alice@[192.0.2.40]",
    "alice@partenaire.example@cenexis.example",
    "alice@[198.51.100.4]",
)


def message(sender: str, recipient: str, subject: str, *extra: str, body: str = "Bonjour") -> str:
    stamp = "Date: Wed, 25 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8"
    head = f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@essai.example>"
    return "\r\n".join((head, stamp, *extra, "", body, ""))


class Client:
    """One who speaks to a server under a name."""

    def __init__(self, server: str, hello: str) -> None:
        self.server, self.hello = server, hello

    def attempt(self, name: str, sender: str, recipient: str, text: str = "") -> None:
        """Go as far as the server lets it; without text, to the recipient."""
        with smtplib.SMTP(self.server, 25, local_hostname=self.hello, timeout=60) as smtp:
            try:
                smtp.starttls()
            except smtplib.SMTPResponseException as refusal:  # what a server says that cannot serve now
                sys.stdout.write(f"{name}: tls {refusal.smtp_code} {refusal.smtp_error!r}\n")
                return
            smtp.ehlo()
            stage, (code, answer) = "sender", smtp.docmd("MAIL", f"FROM:<{sender}>")
            if code < REFUSED:
                stage, (code, answer) = "recipient", smtp.docmd("RCPT", f"TO:<{recipient}>")
            if text and code < REFUSED:
                stage, (code, answer) = "message", smtp.data(text)
        sys.stdout.write(f"{name}: {stage} {code} {answer.decode()}\n")


def talk(server: str) -> None:
    """What the relay says of itself and of its users."""
    with smtplib.SMTP(timeout=60) as smtp:
        sys.stdout.write(f"banner: {smtp.connect(server, 25)[1].decode()}\n")
        smtp.ehlo("mx.partenaire.example")
        for command in ("VRFY", "EXPN", "ETRN"):
            sys.stdout.write(f"{command}: {smtp.docmd(command, OURS)[0]}\n")


def unfiltered(server: str) -> None:
    """A message that the filter should see."""
    Client(server, "mx.partenaire.example").attempt("unfiltered", THEIRS, OURS, message(THEIRS, OURS, "unfiltered"))


def outside(server: str) -> None:
    """From mx-externe, which may speak for partenaire.example."""
    talk(server)
    us = Client(server, "mx.partenaire.example")
    for number, recipient in enumerate(RELAY):
        us.attempt(f"relay-{number}", THEIRS, recipient)
    us.attempt("unknown", THEIRS, "personne@cenexis.example")
    Client(server, "mx.cenexis.example").attempt("greeting", THEIRS, OURS)
    forged = "Authentication-Results: mx.cenexis.example; dkim=pass header.d=banque.example"
    us.attempt("plain", THEIRS, OURS, message(THEIRS, OURS, "plain", forged, "X-Spam: Yes"))
    for name, sender in (("bank", "conseil@banque.example"), ("usurped", "direction@cenexis.example")):
        us.attempt(name, sender, OURS, message(sender, OURS, name))
    us.attempt("mixed", THEIRS, OURS, message("conseil@banque.example", OURS, "mixed"))
    club = "tresorier@association.example"
    us.attempt("suspect", club, OURS, message(club, OURS, "suspect"))
    signature = base64.b64encode(bytes(256)).decode()
    altered = f"DKIM-Signature: v=1; a=rsa-sha256; d=partenaire.example; s=s1; h=from; bh={'A' * 43}=; b={signature}"
    us.attempt("altered", THEIRS, OURS, message(THEIRS, OURS, "altered", altered))
    us.attempt("gtube", THEIRS, OURS, message(THEIRS, OURS, "gtube", body=GTUBE))
    virus = base64.b64encode(EICAR).decode()
    kind = 'Content-Disposition: attachment; filename="a.com"\r\nContent-Transfer-Encoding: base64'
    us.attempt("virus", THEIRS, OURS, message(THEIRS, OURS, "virus", kind, body=virus))


def inside(server: str) -> None:
    """From a mail server of the site."""
    text = message("agnes@cenexis.example", THEIRS, "sortie", "User-Agent: Courrier 1.0")
    trace = "Received: from poste-b30.fsb.cenexis.example ([10.94.130.100])\r\n by mail2.fsb.cenexis.example; now\r\n"
    Client(server, "mail2.fsb.cenexis.example").attempt("outgoing", OURS, THEIRS, trace + text)


if __name__ == "__main__":
    {"outside": outside, "inside": inside, "unfiltered": unfiltered}[sys.argv[1]](sys.argv[2])

"""Play the mail clients of the scenario. usage: courrier.py post|read|refused, settings as JSON on standard input.

post: submit messages between the accounts, each until a server acknowledges it; /root/posted.json tells which.
read: wait until each server shows all of them, once each.
refused: what must not be accepted; prints one line for each thing that was.
"""

import imaplib
import json
import re
import smtplib
import ssl
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

AUTHORITY = "/etc/site-pki/ca.pem"
POSTED = Path("/root/posted.json")
LIMIT_S = 180.0
TLS = ssl.create_default_context(cafile=AUTHORITY)


def submit(server: str, account: dict[str, str], sender: str, to: str, identifier: str) -> None:
    """Post one message, or raise."""
    text = f"From: {sender}\r\nTo: {to}\r\nMessage-ID: {identifier}\r\nSubject: essai\r\n\r\nbonjour\r\n"
    with smtplib.SMTP_SSL(server, 465, timeout=10, context=TLS) as session:
        session.login(account["login"], account["password"])
        session.sendmail(sender, [to], text)


def post(settings: dict[str, Any]) -> None:
    """Several clients at once, each with its share of the messages."""
    posted: dict[str, list[str]] = {account["login"]: [] for account in settings["accounts"]}
    accounts, servers = settings["accounts"], settings["servers"]

    def client(number: int) -> None:
        for place in range(number, settings["count"], settings["clients"]):
            writer, reader = accounts[place % len(accounts)], accounts[(place + 1) % len(accounts)]
            identifier, turn = f"<{uuid.uuid4()}@essai>", number
            while True:
                try:
                    submit(servers[turn % len(servers)], writer, writer["address"], reader["address"], identifier)
                except (OSError, smtplib.SMTPException):
                    turn += 1
                    continue
                break
            posted[reader["login"]].append(identifier)
            POSTED.write_text(json.dumps(posted), encoding="utf-8")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(settings["clients"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    POSTED.write_text(json.dumps(posted), encoding="utf-8")
    Path("/root/ended").touch()


def identifiers(server: str, account: dict[str, str]) -> list[str]:
    """Every Message-ID of the inbox."""
    with imaplib.IMAP4_SSL(server, 993, ssl_context=TLS, timeout=20) as session:
        session.login(account["login"], account["password"])
        session.select("INBOX", readonly=True)
        _, told = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    return re.findall(r"<[^<>]+@essai>", " ".join(part[1].decode() for part in told if isinstance(part, tuple)))


def read(settings: dict[str, Any]) -> None:
    """Exit with what is missing or double when the time is over."""
    posted, end = json.loads(POSTED.read_text(encoding="utf-8")), time.monotonic() + LIMIT_S
    while True:
        wrong = []
        for server in settings["servers"]:
            for account in settings["accounts"]:
                found, wanted = identifiers(server, account), posted[account["login"]]
                lost, double = set(wanted).difference(found), len(found) - len(set(found))
                if lost or double:
                    wrong.append(f"{server} {account['login']}: {len(lost)} lost, {double} double")
        if not wrong:
            return
        if time.monotonic() > end:
            sys.exit("; ".join(wrong))
        time.sleep(0.5)


def refused(settings: dict[str, Any]) -> None:
    """A colleague's address, an open relay, an account that was disabled, a password in clear."""
    one, other, disabled = settings["accounts"][0], settings["accounts"][1], settings["disabled"]
    server = settings["servers"][0]

    def relay(to: str) -> None:
        with smtplib.SMTP(server, 25, timeout=20) as session:
            session.sendmail("quelqu-un@partenaire.example", [to], "Subject: x\r\n\r\nx\r\n")

    def clear() -> None:
        with smtplib.SMTP(server, 587, timeout=20) as session:
            session.login(one["login"], one["password"])

    identifier = "<refus@essai>"
    tries = {
        "a colleague's address": lambda: submit(server, one, other["address"], one["address"], identifier),
        "an open relay": lambda: relay("ailleurs@autre.example"),
        "an unknown recipient": lambda: relay("personne@cenexis.example"),
        "a disabled account writes": lambda: submit(server, disabled, disabled["address"], one["address"], identifier),
        "a disabled account reads": lambda: identifiers(server, disabled),
        "a disabled account receives": lambda: relay(disabled["address"]),
        "a password in clear": clear,
    }
    for name, act in tries.items():
        try:
            act()
        except (smtplib.SMTPException, imaplib.IMAP4.error):
            continue
        sys.stdout.write(f"{name}\n")
    relay(one["address"])


{"post": post, "read": read, "refused": refused}[sys.argv[1]](json.load(sys.stdin))

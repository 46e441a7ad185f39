"""usage: sauvegarde-client copie [--tout] [SET...]   copy what is due, what is named, or all
sauvegarde-client archive                  write what the collector comes to read
sauvegarde-client liste [HOST]             copies of this host, or of one that it collects (JSON)
sauvegarde-client restaure SET (--vers FOLDER | --en-place | --boite LOGIN) [--copie ID] [--chemin PATH]...
"""

from __future__ import annotations

import argparse
import fcntl
import sys
from pathlib import Path

from sauvegarde_client import copies, reglages, restauration
from sauvegarde_client.commandes import Failed

LOCK = Path("/run/sauvegarde-client.lock")


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sauvegarde-client")
    verbs = parser.add_subparsers(dest="verb", required=True)
    copy = verbs.add_parser("copie", help="copy what is due, what is named, or all")
    copy.add_argument("--tout", action="store_true")
    copy.add_argument("sets", nargs="*")
    verbs.add_parser("archive", help="write what the collector comes to read")
    listing = verbs.add_parser("liste", help="copies of this host, or of one that it collects")
    listing.add_argument("host", nargs="?", default="")
    restore = verbs.add_parser("restaure", help="bring a data set back")
    restore.add_argument("set")
    where = restore.add_mutually_exclusive_group(required=True)
    where.add_argument("--vers", type=Path)
    where.add_argument("--en-place", action="store_true")
    where.add_argument("--boite", metavar="LOGIN", help="messages of one mailbox, into a folder of that mailbox")
    restore.add_argument("--copie", default="latest")
    restore.add_argument("--chemin", action="append", default=[])
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Do what is asked; 1 when something could not be done."""
    asked, settings = arguments(words), reglages.read()
    # Two copies at once would share a staging folder; a restoration waits for the copy that runs.
    with LOCK.open("w") as lock:
        if asked.verb != "liste":
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            failed = _do(asked, settings)
        except (Failed, OSError) as error:
            failed = [str(error)]
    sys.stderr.write("".join(f"{line}\n" for line in failed))
    return 1 if failed else 0


def _do(asked: argparse.Namespace, settings: reglages.Settings) -> list[str]:
    if asked.verb == "copie":
        return copies.copy_due(settings, asked.sets, everything=asked.tout)
    if asked.verb == "archive":
        return copies.archive(settings)
    if asked.verb == "liste":
        store = next((each for each in settings.stores if asked.host in ("", each.host)), None)
        if store is None:
            return [f"no repository of {asked.host or 'this host'}"]
        sys.stdout.write(copies.restic(settings, store, "--no-lock", "--json", "snapshots"))
        return []
    if asked.boite:
        restauration.bring_messages_back(settings, asked.set, asked.copie, asked.boite)
    else:
        restauration.restore(settings, asked.set, asked.copie, asked.vers, asked.chemin)
    return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

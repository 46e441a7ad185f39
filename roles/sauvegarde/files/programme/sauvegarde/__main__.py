"""usage: sauvegarde service                    serve the repositories, in place of this process
sauvegarde depots [--check]          open what is declared, print each change
sauvegarde retention [DEPOT...]      prune, or say why not
sauvegarde verification [--tout] [DEPOT...]
sauvegarde hors-site [DEPOT...]      add to the far copy what it lacks
sauvegarde rapatriement [DEPOT...]   fill a new server from the far copy
sauvegarde veille                    tell the supervision, again and again
sauvegarde etat                      tell it once, and print it
"""

from __future__ import annotations

import os
import pwd
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from sauvegarde import depots, entretien, etat, reglages


def main(words: list[str]) -> int:
    """Do what the first word says; 1 when something must be looked at, 2 on a wrong command."""
    verb, *rest = words or [""]
    names = [word for word in rest if not word.startswith("--")]
    settings = reglages.read()
    verbs: dict[str, Callable[[], int]] = {
        "service": lambda: serve(settings),
        "depots": lambda: shown(depots.apply(settings, check="--check" in rest)),
        "veille": lambda: watch(settings),
        "etat": lambda: tell(settings),
        "retention": lambda: judged(entretien.prune(settings, names)),
        "verification": lambda: judged(entretien.verify(settings, names, everything="--tout" in rest)),
        "hors-site": lambda: judged(entretien.send_far(settings, names)),
        "rapatriement": lambda: judged(entretien.fetch_back(settings, names)),
    }
    if verb not in verbs:
        sys.stderr.write(__doc__ or "")
        return 2
    return verbs[verb]()


def serve(settings: reglages.Settings) -> NoReturn:
    """Become the server, and nobody but the account that owns the copies."""
    command, owner = serving(settings), pwd.getpwnam(settings.account)
    os.setgroups([])
    os.setgid(owner.pw_gid)
    os.setuid(owner.pw_uid)
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606 - the words come from the settings of root


def serving(settings: reglages.Settings) -> list[str]:
    """The server: clients add, and remove nothing; each sees its own repository. It refuses before the disk is full.

    What the disk can take, and what stands in the repositories already, less the reserve: it counts the second itself.
    """
    own = sum(path.lstat().st_size for path in settings.folder.rglob("*") if path.is_file())
    told = os.statvfs(settings.root)
    limit = own + told.f_bavail * told.f_frsize - settings.reserve_mebibytes * etat.MEBIBYTE
    words = ["--append-only", "--private-repos", "--path", str(settings.folder), "--listen", settings.listen]
    words += ["--htpasswd-file", str(settings.accounts), "--max-size", str(max(1, limit))]
    words += ["--tls", "--tls-cert", settings.certificate, "--tls-key", settings.private_key]
    return [settings.server, *words]


def watch(settings: reglages.Settings) -> NoReturn:
    """Tell the state for ever; one that cannot be told grows old, which the supervision sees."""
    known = etat.Watch(settings)
    while True:
        try:
            etat.write(settings, known)
        except OSError as error:
            sys.stderr.write(f"state not told: {error}\n")
        time.sleep(etat.PERIOD_S)


def tell(settings: reglages.Settings) -> int:
    etat.write(settings, etat.Watch(settings))
    return shown([(settings.run / "etat.json").read_text(encoding="utf-8")])


def shown(lines: list[str]) -> int:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def judged(failed: list[str]) -> int:
    sys.stderr.write("".join(f"{line}\n" for line in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

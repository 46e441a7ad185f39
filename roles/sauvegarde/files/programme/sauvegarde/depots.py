"""Open the repositories, their accesses and the sealed copy of the keys; print each change."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pwd
import subprocess
from concurrent.futures import ThreadPoolExecutor

from sauvegarde import restic
from sauvegarde.reglages import Repository, Settings

AT_ONCE = 4
FOLDER_MODE, FILE_MODE, SEALED_MODE = 0o700, 0o640, 0o644


def apply(settings: Settings, *, check: bool) -> list[str]:
    """Bring the server to what is declared. A repository that is no longer declared is left: it holds copies."""
    owner = pwd.getpwnam(settings.account)
    changes = []
    served = (settings.folder, settings.state / "cache")
    for path in (settings.root, settings.sealed.parent, settings.state, *served):
        if not path.is_dir():
            changes.append(f"folder {path}")
            if not check:
                path.mkdir(mode=0o755, parents=True)
                if path in served:
                    path.chmod(FOLDER_MODE)
                    os.chown(path, owner.pw_uid, owner.pw_gid)
    changes += _accounts(settings, owner.pw_gid, check=check)
    new = [each for each in settings.kept if not (settings.folder / each.name / "config").exists()]
    if not check:
        # A key is slow to derive, on purpose: a second for each repository.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda each: _open(settings, each), new))
    return changes + [f"repository {each.name}" for each in new] + _seal(settings, check=check)


def _open(settings: Settings, repository: Repository) -> None:
    restic.run(settings, [*restic.near(settings, repository), "init"], restic.secrets(repository))


def _accounts(settings: Settings, group: int, *, check: bool) -> list[str]:
    """Who may enter. The passwords are 120 random bits each: an unsalted digest of one tells nothing."""
    lines = [f"{each.name}:{{SHA}}{digest(each.access)}" for each in settings.repositories]
    wanted = "".join(f"{line}\n" for line in lines)
    if settings.accounts.exists() and settings.accounts.read_text(encoding="ascii") == wanted:
        return []
    if not check:
        draft = settings.accounts.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(wanted, encoding="ascii")
        os.chown(draft, 0, group)
        draft.chmod(FILE_MODE)
        draft.rename(settings.accounts)
    return [f"accesses {settings.accounts}"]


def digest(password: str) -> str:
    """As rest-server reads it; its only other form is bcrypt, which would be drawn anew each time."""
    found = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return base64.b64encode(found).decode("ascii")


def secret_list(settings: Settings) -> str:
    """What a restoration needs once every server is lost."""
    return json.dumps(
        [
            {
                "name": each.name,
                "access": each.access,
                "key": each.key,
                "far_access": each.far_access,
                "far_key": each.far_key,
            }
            for each in settings.kept
        ],
        indent=1,
    )


def _seal(settings: Settings, *, check: bool) -> list[str]:
    """Seal the keys to who holds the safe, when they are not those sealed last: sealing twice gives two files."""
    if not settings.recipient or not settings.kept:
        return []
    plain = secret_list(settings)
    mark = hashlib.sha256(f"{settings.recipient}\n{plain}".encode()).hexdigest()
    record = settings.state / "scelle.sha256"
    if settings.sealed.exists() and record.exists() and record.read_text(encoding="ascii").strip() == mark:
        return []
    if not check:
        draft = settings.sealed.with_suffix(".new")
        command = [settings.age, "--armor", "--recipient", settings.recipient, "--output", str(draft)]
        subprocess.run(command, input=plain.encode(), check=True)
        draft.chmod(SEALED_MODE)
        draft.rename(settings.sealed)
        record.write_text(mark + "\n", encoding="ascii")
    return [f"sealed keys {settings.sealed}"]

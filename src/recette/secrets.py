"""Secrets of a site, derived from one root that stays on the machine that runs Ansible.

Nobody writes a password down: the roles and the recette derive the same one from its name. A twin draws its root when
it is first needed and forgets it with `recette twin down`; a real site keeps its own, out of the repository.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from recette.errors import RecetteError
from recette.paths import STATE

LENGTH = 20
"""Characters of a derived password: 120 bits."""
CLASSES = "-aZ7"
"""Appended: every password then holds the four classes of characters that a directory may demand."""


@dataclass(frozen=True)
class Secrets:
    """Derives secrets from a root of at least 32 characters."""

    root: bytes

    @classmethod
    def of_site(cls, name: str, kind: str, folder: Path) -> Self:
        """Secrets of the site `name`; `folder` is its inventory.

        Raises RecetteError if a real site has no root.
        """
        path = STATE / name / "secret" if kind == "twin" else folder / "secret"
        if not path.exists():
            if kind != "twin":
                raise RecetteError(f"site {name}: {path} is missing; `(umask 077; openssl rand -hex 32 > {path})`")
            _draw(path)
        return cls(path.read_bytes().strip())

    def of(self, name: str) -> str:
        """The secret of this name (« annuaire/administrateur »): always the same one for the same root."""
        digest = hmac.new(self.root, name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode("ascii")[:LENGTH] + CLASSES

    def totp(self, login: str) -> str:
        """The secret of somebody's one-time codes (RFC 6238), in base32: 160 bits, the length of SHA-1."""
        digest = hmac.new(self.root, f"totp/{login}".encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:20]).decode("ascii")

    def safe(self, name: str) -> bytes:
        """What a safe holds (« sauvegarde/coffre »): 32 bytes, the private half of an identity of age."""
        return hmac.new(self.root, name.encode(), hashlib.sha256).digest()

    def sip(self, login: str) -> str:
        """The password of somebody's telephone."""
        return self.of(f"sip/{login}")


def _draw(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".secret-{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32), encoding="ascii")
    try:
        path.hardlink_to(draft)  # whoever comes second keeps the first root
    except FileExistsError:
        return
    finally:
        draft.unlink()

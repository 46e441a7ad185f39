"""The telephones of the site, as Asterisk reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Poste:
    """One telephone. `mail` is where its voice messages go, if anywhere."""

    extension: str
    name: str
    building: str
    password: str
    mail: str = ""
    international: bool = False


def pjsip(postes: Iterable[Poste], realm: str, building_numbers: dict[str, str]) -> str:
    """Their endpoints. The digest of the password stands there, not the password."""
    return "".join(_endpoint(poste, realm, building_numbers) for poste in sorted(postes))


def voicemail(postes: Iterable[Poste]) -> str:
    """Their boxes. Without a code to type: a box is heard from its telephone."""
    return "".join(f"{poste.extension} => -,{_clean(poste.name)},{poste.mail}\n" for poste in sorted(postes))


def _endpoint(poste: Poste, realm: str, building_numbers: dict[str, str]) -> str:
    number, building = poste.extension, _clean(poste.building)
    digest = hashlib.md5(f"{number}:{realm}:{poste.password}".encode(), usedforsecurity=False).hexdigest()
    return f"""
[{number}](poste)
aors = {number}
auth = {number}
callerid = "{_clean(poste.name)}" <{number}>
set_var = LIEU={building}
set_var = NUMERO_LIEU={building_numbers.get(poste.building, "")}
set_var = ETRANGER={"oui" if poste.international else "non"}
[{number}](poste-secret)
username = {number}
realm = {realm}
password_digest = MD5:{digest}
[{number}](poste-adresse)
mailboxes = {number}@default
"""


def _clean(text: str) -> str:
    """A text of the directory without what Asterisk would read as a sign of its own."""
    return re.sub(r"[^\w .'’-]", "", text)[:60]

"""Gives the accounts of Wazuh their passwords, and prints each account that was changed.

    comptes.py SETTINGS

SETTINGS is JSON, written by role siem_wazuh. No account keeps the password of the package: those of the server's API
are known by its documentation, those of the indexer are changed in the name of the administrator's certificate. Two
accounts named recette read, and nothing else. Ends with 1 while a service does not answer.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LIMIT_S = 15.0
FACTORY = {"wazuh": "wazuh", "wazuh-wui": "wazuh-wui"}
"""Accounts that the package makes at the API, and their documented passwords."""
READER, ROLE = "recette", "readonly"
INDICES = ["wazuh-alerts-4.x-*", "wazuh-archives-4.x-*"]
RIGHTS = {"cluster_permissions": [], "index_permissions": [{"index_patterns": INDICES, "allowed_actions": ["read"]}]}
SECURITY = "/_plugins/_security/api"


class RefusedError(Exception):
    """A service answered that whoever asks is not who he says."""


class Service:
    """One service, asked over TLS; by a certificate where it is given."""

    def __init__(self, address: str, context: ssl.SSLContext | None) -> None:
        self._address, self._context = address, context

    def ask(self, method: str, path: str, authorization: str = "", body: Any = None) -> Any:
        """JSON of the answer; None where there is nothing of that name. RefusedError for 401, OSError for the rest."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        headers |= {"Authorization": authorization} if authorization else {}
        request = urllib.request.Request(self._address + path, data, headers, method=method)  # noqa: S310 - the site's
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S, context=self._context) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 401:  # noqa: PLR2004 - HTTP
                raise RefusedError(path) from error
            if error.code == 404:  # noqa: PLR2004 - HTTP
                return None
            raise


def basic(user: str, password: str) -> str:
    """The header by which an account proves itself with its password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def token(server: Service, user: str, password: str) -> str:
    """The header of a session. RefusedError if the password is another."""
    told = server.ask("POST", "/security/user/authenticate", basic(user, password))
    return f"Bearer {told['data']['token']}"


def items(server: Service, path: str, session: str) -> list[Any]:
    """What the API lists there."""
    listed: list[Any] = server.ask("GET", path, session)["data"]["affected_items"]
    return listed


def of_server(server: Service, passwords: Mapping[str, str]) -> Iterator[str]:
    """The API's own accounts first, then the one that reads."""
    for user, factory in FACTORY.items():
        try:
            token(server, user, passwords[user])
        except RefusedError:
            session = token(server, user, factory)
            own = items(server, "/security/users/me", session)[0]["id"]
            server.ask("PUT", f"/security/users/{own}", session, {"password": passwords[user]})
            yield f"server/{user}"
    yield from _reader_of_server(server, passwords)


def _reader_of_server(server: Service, passwords: Mapping[str, str]) -> Iterator[str]:
    wanted = passwords["reader_server"]
    session = token(server, "wazuh", passwords["wazuh"])
    query = urllib.parse.urlencode({"q": f"username={READER}"})
    found = items(server, f"/security/users?{query}", session)
    if not found:
        made = server.ask("POST", "/security/users", session, {"username": READER, "password": wanted})
        found = made["data"]["affected_items"]
        yield f"server/{READER}"
    else:
        try:
            token(server, READER, wanted)
        except RefusedError:
            server.ask("PUT", f"/security/users/{found[0]['id']}", session, {"password": wanted})
            yield f"server/{READER}"
    query = urllib.parse.urlencode({"q": f"name={ROLE}"})
    role = items(server, f"/security/roles?{query}", session)[0]["id"]
    if role not in found[0]["roles"]:
        server.ask("POST", f"/security/users/{found[0]['id']}/roles?role_ids={role}", session)
        yield f"server/{READER} {ROLE}"


def of_indexer(anybody: Service, administrator: Service, passwords: Mapping[str, str]) -> Iterator[str]:
    """The indexer's accounts; passwords are tried as anybody, and set by the administrator's certificate."""
    role = administrator.ask("GET", f"{SECURITY}/roles/{READER}")
    held = role[READER]["index_permissions"] if role else []
    if [(one["index_patterns"], one["allowed_actions"]) for one in held] != [(INDICES, ["read"])]:
        administrator.ask("PUT", f"{SECURITY}/roles/{READER}", "", RIGHTS)
        yield f"indexer/{READER} role"
    accounts: dict[str, dict[str, Any]] = {
        "admin": {"password": passwords["admin"], "backend_roles": ["admin"]},
        "kibanaserver": {"password": passwords["kibanaserver"]},
        READER: {"password": passwords["reader_indexer"], "opendistro_security_roles": [READER]},
    }
    for user, wanted in accounts.items():
        try:
            anybody.ask("GET", "/_plugins/_security/authinfo", basic(user, wanted["password"]))
        except RefusedError:
            administrator.ask("PUT", f"{SECURITY}/internalusers/{user}", "", wanted)
            yield f"indexer/{user}"


def main() -> int:
    """Read the settings, change what must be, print it."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    trusting = ssl.create_default_context(cafile=settings["trust"])
    proven = ssl.create_default_context(cafile=settings["trust"])
    proven.load_cert_chain(settings["administrator"]["certificate"], settings["administrator"]["key"])
    indexer = Service(settings["indexer"], trusting), Service(settings["indexer"], proven)
    try:
        for changed in of_indexer(*indexer, settings["passwords"]):
            print(changed)  # noqa: T201 - read by the role
        for changed in of_server(Service(settings["server"], trusting), settings["passwords"]):
            print(changed)  # noqa: T201 - read by the role
    except (OSError, ValueError, RefusedError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - read by the role
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

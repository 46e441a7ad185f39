"""LDAP operations from a host, one after the other on one connection, as an administrator's tool would do them.

Payload: {"address", "port", "security": "ldaps" or "clear", "name", "ca", "user", "password", "base", "requests"};
without "user" the bind is anonymous, without "name" the server's certificate is not checked. Each request is
{"do": "search", "base", "filter", "attributes", "scope"}, {"do": "modify", "dn", "changes": [[attribute, act,
[values]]]}, {"do": "add", "dn", "attributes": {name: [values]}}, {"do": "delete", "dn"} or
{"do": "password", "dn", "old", "new"}. Prints {"bind": answer,
"answers": [answer…]}, an answer being {"code", "name", "message", "entries": [{"dn", attribute: [values]}]}; code -1
when the connection itself was refused. Values are text; those of identifiers, which are bytes, are hexadecimal.
"""

from __future__ import annotations

import importlib
import json
import ssl
import sys
from typing import Any

# Agents run without site packages; this library is the one that the host's distribution brings.
sys.path.append("/usr/lib/python3/dist-packages")
ldap3: Any = importlib.import_module("ldap3")
LDAPException: type[Exception] = importlib.import_module("ldap3.core.exceptions").LDAPException

LIMIT_S = 8
PAGE = 500
SCOPES = {"base": ldap3.BASE, "one": ldap3.LEVEL, "tree": ldap3.SUBTREE}
ACTS = {"add": ldap3.MODIFY_ADD, "delete": ldap3.MODIFY_DELETE, "replace": ldap3.MODIFY_REPLACE}
BINARY = {"objectsid", "objectguid"}
REFUSED = -1
PAGED = "1.2.840.113556.1.4.319"


def main() -> None:
    payload = json.load(sys.stdin)
    try:
        connection = connect(payload)
        connection.bind()
    except LDAPException as error:
        told: dict[str, Any] = {"bind": failed(error), "answers": []}
    else:
        bind = answer(connection)
        told = {"bind": bind, "answers": [perform(connection, request) for request in payload["requests"]]}
    json.dump(told, sys.stdout)


def connect(payload: dict[str, Any]) -> Any:
    secure = payload["security"] == "ldaps"
    name = payload.get("name")
    tls = ldap3.Tls(
        validate=ssl.CERT_REQUIRED if name else ssl.CERT_NONE,
        ca_certs_file=payload["ca"] if name else None,
        valid_names=[name] if name else None,
    )
    server = ldap3.Server(
        payload["address"], payload["port"], use_ssl=secure, tls=tls, get_info=ldap3.NONE, connect_timeout=LIMIT_S
    )
    anonymous = not payload.get("user")
    return ldap3.Connection(
        server,
        user=payload.get("user") or None,
        password=payload.get("password") or None,
        authentication=ldap3.ANONYMOUS if anonymous else ldap3.SIMPLE,
        receive_timeout=LIMIT_S,
        auto_referrals=False,
        raise_exceptions=False,
    )


def perform(connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return OPERATIONS[request["do"]](connection, request)
    except LDAPException as error:
        return failed(error)


def search(connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Every page: a directory gives a thousand entries at most at once."""
    found: list[dict[str, Any]] = []
    cookie: bytes | None = None
    while True:
        connection.search(
            request["base"],
            request["filter"],
            SCOPES[request["scope"]],
            attributes=request["attributes"],
            paged_size=None if request["scope"] == "base" else PAGE,
            paged_cookie=cookie,
        )
        found += [entry(one) for one in connection.response or () if one["type"] == "searchResEntry"]
        cookie = connection.result.get("controls", {}).get(PAGED, {}).get("value", {}).get("cookie")
        if not cookie:
            return {**answer(connection), "entries": found}


def modify(connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, list[Any]] = {}
    for attribute, act, values in request["changes"]:
        changes.setdefault(attribute, []).append((ACTS[act], values))
    connection.modify(request["dn"], changes)
    return answer(connection)


def add(connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    connection.add(request["dn"], attributes=request["attributes"])
    return answer(connection)


def delete(connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    connection.delete(request["dn"])
    return answer(connection)


def password(connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Changed by its owner when the old one is given, which the policy judges; reset by an administrator without."""
    new = quoted(request["new"])
    if request.get("old"):
        acts = [(ldap3.MODIFY_DELETE, [quoted(request["old"])]), (ldap3.MODIFY_ADD, [new])]
    else:
        acts = [(ldap3.MODIFY_REPLACE, [new])]
    connection.modify(request["dn"], {"unicodePwd": acts})
    return answer(connection)


def quoted(secret: str) -> bytes:
    return f'"{secret}"'.encode("utf-16-le")


def entry(found: dict[str, Any]) -> dict[str, Any]:
    values = {name: [text(name, value) for value in raw] for name, raw in found["raw_attributes"].items()}
    return {"dn": found["dn"], **values}


def text(name: str, value: bytes) -> str:
    return value.hex() if name.lower() in BINARY else value.decode()


def answer(connection: Any) -> dict[str, Any]:
    result = connection.result
    told = str(result.get("message") or "").rstrip("\0")
    return {"code": result["result"], "name": result["description"], "message": told, "entries": []}


def failed(error: Exception) -> dict[str, Any]:
    return {"code": REFUSED, "name": type(error).__name__, "message": str(error), "entries": []}


OPERATIONS = {"search": search, "modify": modify, "add": add, "delete": delete, "password": password}


if __name__ == "__main__":
    main()

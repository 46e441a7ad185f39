"""Asks the API of Zabbix over HTTPS, as an administrator does, and prints what it answered, as JSON.

Payload: {"urls": [...], "ca", "user", "password", "calls": [[method, parameters], ...], "connect_s", "call_s"}. The
addresses are tried in their order until one has answered everything.

Answer: {"url", "results": [...]}, or {"error"}: why the last address that was tried did not answer, or what refused.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import urllib.request
from typing import Any
from urllib.parse import urlsplit


class RefusedError(Exception):
    """The API answered with an error: another server would say the same."""


def call(url: str, wish: dict[str, Any], token: str, method: str, parameters: Any) -> Any:
    headers = {"Content-Type": "application/json-rpc"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}).encode()
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - an https address of the site
    context = ssl.create_default_context(cafile=wish["ca"])
    with urllib.request.urlopen(request, context=context, timeout=wish["call_s"]) as answer:  # noqa: S310
        told = json.load(answer)
    if "error" in told:
        raise RefusedError(f"{method}: {told['error']['message']} {told['error'].get('data', '')}")
    return told["result"]


def session(url: str, wish: dict[str, Any]) -> list[Any]:
    where = urlsplit(url)
    # A server without power is left sooner than one that is slow to answer.
    socket.create_connection((where.hostname, where.port or 443), timeout=wish["connect_s"]).close()
    token = call(url, wish, "", "user.login", {"username": wish["user"], "password": wish["password"]})
    try:
        return [call(url, wish, token, method, parameters) for method, parameters in wish["calls"]]
    finally:
        call(url, wish, token, "user.logout", [])


def ask(wish: dict[str, Any]) -> dict[str, Any]:
    error = "no address"
    for url in wish["urls"]:
        try:
            return {"url": url, "results": session(url, wish)}
        except RefusedError as refusal:
            return {"error": str(refusal)}
        except (OSError, ValueError) as failure:
            error = f"{url}: {failure}"
    return {"error": error}


def main() -> None:
    sys.stdout.write(json.dumps(ask(json.loads(sys.stdin.buffer.readline()))))


if __name__ == "__main__":
    main()

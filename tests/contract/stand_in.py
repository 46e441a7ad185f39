"""Stands in for Wazuh's server API and for its indexer, statefully: what was really put in is what comes out.

It knows what the driver and role siem_wazuh ask, and answers 404 to anything else. That its answers are those of Wazuh
is not its word: the server's pass through a proxy that validates them; the indexer's search is OpenSearch's, and nobody
validates it here.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN_S = 900.0
"""Life of a token, as documented."""
ADMINISTRATOR, READ_ONLY = 1, 2
ROLES = {ADMINISTRATOR: "administrator", READ_ONLY: "readonly"}
UNAUTHORIZED = {"title": "Unauthorized", "detail": "Invalid credentials"}
Answer = tuple[int, Any]
Spoil = Callable[[str, Any], Any]
"""Path and JSON of a right answer -> what is answered instead."""


@dataclass
class Account:
    """Somebody whom the server's API knows."""

    number: int
    password: str
    roles: list[int]

    def told(self, name: str) -> dict[str, Any]:
        return {"id": self.number, "username": name, "allow_run_as": False, "roles": self.roles}


@dataclass
class StandIn:
    """What both services know. Times are seconds of `clock`."""

    clock: Callable[[], float]
    accounts: dict[str, Account] = field(
        default_factory=lambda: {
            "wazuh": Account(1, "wazuh", [ADMINISTRATOR]),
            "wazuh-wui": Account(2, "wazuh-wui", [ADMINISTRATOR]),
            "recette": Account(100, "one", [READ_ONLY]),
        }
    )
    readers: dict[str, str] = field(default_factory=lambda: {"recette": "two"})
    """Accounts of the indexer, and their passwords."""
    spoil: Spoil | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request that arrived."""
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _agents: dict[str, str] = field(default_factory=dict)
    _documents: list[dict[str, Any]] = field(default_factory=list)

    def clear(self) -> None:
        """As it was at first."""
        fresh = StandIn(self.clock)
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))

    def connect(self, name: str) -> None:
        """An agent reports, from now on."""
        self._agents[name] = "active"

    def disconnect(self, name: str) -> None:
        """It does no longer. KeyError if it never did."""
        if name not in self._agents:
            raise KeyError(name)
        self._agents[name] = "disconnected"

    def index(self, index: str, source: Mapping[str, Any]) -> None:
        """Put a document in an index: an alert, or an event of the archives."""
        self._documents.append({"_index": index, "_id": f"{len(self._documents):06}", "_source": dict(source)})

    def answer(self, method: str, target: str, authorization: str, body: Any) -> Answer:
        """What the service that owns this path says."""
        path, query = urlsplit(target).path, {key: one[0] for key, one in parse_qs(urlsplit(target).query).items()}
        self.asked.append((method, path))
        kind, _, proof = authorization.partition(" ")
        if path == "/security/user/authenticate":
            return self._authenticate(kind, proof)
        if path.endswith("/_search"):
            return self._search(path.split("/")[1], kind, proof, body)
        user, until = self._tokens.get(proof, ("", 0.0))
        if kind != "Bearer" or self.clock() >= until:
            return 401, UNAUTHORIZED
        return self._served(method, path, query, user, body)

    def _served(self, method: str, path: str, query: Mapping[str, str], user: str, body: Any) -> Answer:
        if (method, path) == ("GET", "/agents"):
            return self._list_agents(query)
        if (method, path) == ("GET", "/security/users/me"):
            return listed([self.accounts[user].told(user)])
        if ADMINISTRATOR not in self.accounts[user].roles:
            return 403, {"title": "Permission Denied", "detail": "Permission denied", "error": 4000}
        if (method, path) == ("GET", "/security/roles"):
            found = [{"id": number, "name": name} for number, name in ROLES.items() if query["q"] == f"name={name}"]
            return listed(found)
        if (method, path) == ("GET", "/security/users"):
            return listed([one.told(name) for name, one in self.accounts.items() if query["q"] == f"username={name}"])
        return self._change(method, path, query, body)

    def _change(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        if (method, path) == ("POST", "/security/users"):
            number = max(99, *(one.number for one in self.accounts.values())) + 1
            self.accounts[body["username"]] = Account(number, body["password"], [])
            return listed([self.accounts[body["username"]].told(body["username"])])
        found = re.fullmatch(r"/security/users/(\d+)(/roles)?", path)
        named = [item for item in self.accounts.items() if found and item[1].number == int(found[1])]
        if not found or not named:
            return 404, {"title": "Not Found", "detail": path}
        name, account = named[0]
        if (method, found[2]) == ("PUT", None):
            account.password = body["password"]
            self._tokens = {token: told for token, told in self._tokens.items() if told[0] != name}
            return listed([account.told(name)])
        if (method, found[2]) == ("POST", "/roles"):
            account.roles = [*account.roles, *map(int, query["role_ids"].split(","))]
            return listed([account.told(name)])
        return 405, {"title": "Method Not Allowed", "detail": method}

    def _authenticate(self, kind: str, proof: str) -> Answer:
        user, password = pair(kind, proof)
        if user not in self.accounts or self.accounts[user].password != password:
            return 401, UNAUTHORIZED
        token = secrets.token_hex(16)
        self._tokens[token] = (user, self.clock() + TOKEN_S)
        return 200, {"data": {"token": token}, "error": 0}

    def _list_agents(self, query: Mapping[str, str]) -> Answer:
        every = [
            {"id": f"{rank:03}", "name": name, "ip": f"10.94.0.{rank}", "status": status, "group": ["default"]}
            for rank, (name, status) in enumerate(self._agents.items(), 1)
        ]
        wanted = [one for one in every if one["status"] in query.get("status", str(one["status"])).split(",")]
        start, most = int(query.get("offset", 0)), int(query.get("limit", 500))
        chosen = query["select"].split(",") if "select" in query else None
        page = [{key: one[key] for key in chosen or one} for one in wanted[start : start + most]]
        return listed(page, len(wanted))

    def _search(self, pattern: str, kind: str, proof: str, body: Any) -> Answer:
        user, password = pair(kind, proof)
        if not user or self.readers.get(user) != password:
            return 401, {"error": "Unauthorized"}
        found = [hit for hit in self._documents if fnmatchcase(hit["_index"], pattern) and matches(hit, body["query"])]
        hits = sorted(({**hit, "sort": [moment(hit).timestamp() * 1000, hit["_id"]]} for hit in found), key=_place)
        later = [hit for hit in hits if "search_after" not in body or hit["sort"] > body["search_after"]]
        return 200, {"hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": later[: body["size"]]}}

    @contextmanager
    def serving(self, identity: ssl.SSLContext | None = None) -> Iterator[str]:
        """Serve on a free port of this machine, over TLS if it has an identity; the address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if identity:
            server.socket = identity.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"{'https' if identity else 'http'}://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def listed(items: list[Any], total: int | None = None) -> Answer:
    """A list as the server's API gives one."""
    data = {"affected_items": items, "total_affected_items": len(items) if total is None else total}
    return 200, {"data": {**data, "total_failed_items": 0, "failed_items": []}, "message": "Listed", "error": 0}


def pair(kind: str, proof: str) -> tuple[str, str]:
    """Account and password of a Basic proof; empty for any other."""
    user, _, password = base64.b64decode(proof).decode().partition(":") if kind == "Basic" else ("", "", "")
    return user, password


def moment(hit: Mapping[str, Any]) -> datetime:
    """When the document says that it was written."""
    return datetime.strptime(hit["_source"]["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")


def matches(hit: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """Whether a document answers a query of the driver. KeyError or ValueError for any other form of query."""
    ((least, period),) = [(one["range"]["timestamp"]["gte"], one) for one in query["bool"]["filter"]]
    phrases = [one["match_phrase"]["full_log"] for one in query["bool"]["must"]]
    assert set(period["range"]["timestamp"]) == {"gte"}
    late = moment(hit) >= datetime.fromisoformat(least)
    return late and all(phrase in hit["_source"].get("full_log", "") for phrase in phrases)


def _place(hit: Mapping[str, Any]) -> list[Any]:
    place: list[Any] = hit["sort"]
    return place


def _handler(stand: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            code, told = stand.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            if stand.spoil and code == 200:
                told = stand.spoil(urlsplit(self.path).path, told)
            data = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names of the standard library

        def log_message(self, *_told: Any) -> None:
            """What was asked is in `asked`."""

    return Handler

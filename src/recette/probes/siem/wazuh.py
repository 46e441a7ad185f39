"""Wazuh 4.14: agents by the server's API, alerts and events by the indexer's search.

The site must keep the archives (`logall_json`) and ship them to the indexer: without them no event can be found again.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from recette.errors import Inconclusive
from recette.probes.siem import wazuh_form
from recette.probes.siem.model import Alert, Event, Mark

TOKEN_S = 600.0
"""A token is used for that long: it is good for 900 s by default."""
LIMIT_S = 15.0
PAGE = 500
"""Agents in one answer, at most 100,000; hits in one answer, at most 10,000."""
ALERTS, ARCHIVES = "wazuh-alerts-4.x-*", "wazuh-archives-4.x-*"

Ask = Callable[[str, str, Mapping[str, str], bytes | None], Any]
"""Method, address, headers and body of a request; the JSON value of its answer."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where a part of Wazuh is asked, and by whom."""

    address: str
    user: str
    password: str = field(repr=False)

    @property
    def basic(self) -> dict[str, str]:
        """The header of a request that proves who asks by his password."""
        told = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {told}"}


class Wazuh:
    """The server's API and the indexer of one site."""

    name = "wazuh"

    def __init__(self, server: Service, indexer: Service, ask: Ask) -> None:
        self._server, self._indexer, self._ask = server, indexer, ask
        self._token, self._token_s = "", -TOKEN_S

    def mark(self) -> Mark:
        """By the clock of whoever asks: hosts agree to the second."""
        return Mark(datetime.now(UTC))

    def alerts(self, since: Mark) -> list[Alert]:
        found = [wazuh_form.alert(hit) for hit in self._search(ALERTS, since, [])]
        return list({one.id: one for one in found}.values())

    def events(self, since: Mark, words: str) -> list[Event]:
        return [wazuh_form.event(hit) for hit in self._search(ARCHIVES, since, [{"match_phrase": {"full_log": words}}])]

    def reporting(self) -> frozenset[str]:
        names: set[str] = set()
        while True:
            query = {"status": "active", "select": "name", "limit": PAGE, "offset": len(names), "sort": "+id"}
            told = self._asked(self._server, f"/agents?{urllib.parse.urlencode(query)}", self._bearer())
            try:
                page = [str(one["name"]) for one in told["data"]["affected_items"]]
                total = int(told["data"]["total_affected_items"])
            except (KeyError, TypeError, ValueError) as error:
                raise Inconclusive(f"Wazuh : liste des agents incomprise ({error})") from error
            names |= set(page)
            if not page or len(names) >= total:
                return frozenset(names)

    def _bearer(self) -> dict[str, str]:
        if time.monotonic() - self._token_s >= TOKEN_S:
            told = self._asked(self._server, "/security/user/authenticate", self._server.basic, method="POST")
            try:
                self._token = str(told["data"]["token"])
            except (KeyError, TypeError) as error:
                raise Inconclusive("Wazuh : pas de jeton dans la réponse") from error
            self._token_s = time.monotonic()
        return {"Authorization": f"Bearer {self._token}"}

    def _search(self, index: str, since: Mark, musts: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
        """Every hit since, page after page, in the order in which they were indexed."""
        period = {"range": {"timestamp": {"gte": since.instant.isoformat(timespec="milliseconds")}}}
        asked: dict[str, Any] = {
            "size": PAGE,
            "sort": [{"timestamp": "asc"}, {"_id": "asc"}],
            "query": {"bool": {"filter": [period], "must": musts}},
        }
        found: list[Mapping[str, Any]] = []
        while True:
            body = json.dumps(asked).encode()
            told = self._asked(self._indexer, f"/{index}/_search", self._indexer.basic, method="POST", body=body)
            try:
                page = list(told["hits"]["hits"])
                found += page
                if len(page) < PAGE:
                    return found
                asked["search_after"] = page[-1]["sort"]
            except (KeyError, TypeError) as error:
                raise Inconclusive(f"Wazuh : réponse de l'indexeur incomprise ({error})") from error

    def _asked(
        self, service: Service, path: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes | None = None
    ) -> Any:
        kind = {"Content-Type": "application/json"} if body else {}
        return self._ask(method, service.address + path, {**headers, **kind}, body)


def over_https(trust: str) -> Ask:
    """Ask real services, whose certificates are checked with these authorities (a file of PEM)."""
    context = ssl.create_default_context(cafile=trust)

    def ask(method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        if not address.startswith("https://"):
            raise Inconclusive(f"Wazuh : {address} n'est pas chiffré")
        request = urllib.request.Request(address, body, dict(headers), method=method)  # noqa: S310 - https, see above
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S, context=context) as answer:  # noqa: S310 - the same
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise Inconclusive(f"Wazuh : {urllib.parse.urlsplit(address).path} sans réponse utile ({error})") from error

    return ask

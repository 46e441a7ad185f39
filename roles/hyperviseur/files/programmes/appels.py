"""Calls from one node to another, by the service that each has on port 8006, with the key of the cluster."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from commun import CommandError, Node

PORT = 8006
CALL_S = 60.0
KEY = "X-Hyperviseur-Cle"
USER = "X-Hyperviseur-Utilisateur"


def connection(told: dict[str, Any], node: Node, limit_s: float = CALL_S) -> http.client.HTTPSConnection:
    """A connection to the service of a node, whose certificate is checked."""
    context = ssl.create_default_context(cafile=told["trust"])
    return http.client.HTTPSConnection(node.certified, PORT, timeout=limit_s, context=context)


def call(told: dict[str, Any], node: Node, order: str, words: dict[str, str]) -> None:
    """Have another node do something for this one. Raises CommandError if it does not."""
    link = connection(told, node)
    try:
        link.request("POST", f"/interne/{order}", json.dumps(words), {KEY: told["internal_key"]})
        answer = link.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"{node.name}: {order}: {error}") from error
    finally:
        link.close()
    if answer.status != http.client.OK:
        raise CommandError(f"{node.name}: {order}: {answer.status} {said.strip()}")

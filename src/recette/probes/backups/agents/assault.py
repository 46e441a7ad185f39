"""What root on a taken host tries against copies, with all that the host knows; prints what the server answered.

Payload: {"settings": file of the host, "tries": [{"method", "kind", "repository" or null}]}. `kind` is a folder of the
repository, of which the first file is attacked, `config`, or "" for the whole. A GET is a try to read.

Answer: [{"status": of HTTP, "said"}], one for each try; status 0 where there was nothing to attack.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

OK, TIMEOUT_S = 200, 15.0
FOREIGN = b"nothing that restic would read"


class Server:
    """The server of the copies, as the host reaches it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.url, self.store = settings["url"], settings["stores"][0]
        self.trust = ssl.create_default_context(cafile=settings["authority"])

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and answer to one request under the account of the host."""
        request = urllib.request.Request(f"{self.url}/{path}", data=body, method=method)  # noqa: S310 - its own server
        account = base64.b64encode(f"{self.store['host']}:{self.store['access']}".encode()).decode("ascii")
        request.add_header("Authorization", f"Basic {account}")
        request.add_header("Accept", "application/vnd.x.restic.rest.v2")
        try:
            with urllib.request.urlopen(request, context=self.trust, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def attack(self, attempt: dict[str, Any]) -> dict[str, Any]:
        """One try. What another host's repository holds is asked for, not guessed."""
        folder = attempt["repository"] or self.store["host"]
        path = f"{folder}/{attempt['kind']}".rstrip("/")
        if attempt["kind"] not in ("", "config") and attempt["method"] != "GET":
            status, listed = self.ask("GET", f"{path}/")
            names = json.loads(listed) if status == OK else []
            if not names:
                return {"status": 0, "said": f"rien à attaquer ({status})"}
            path = f"{path}/{names[0]['name']}"
        elif attempt["kind"] != "config":
            path = f"{path}/"
        status, said = self.ask(attempt["method"], path, FOREIGN if attempt["method"] == "POST" else None)
        return {"status": status, "said": said[:200].decode(errors="replace").strip()}


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    server = Server(json.loads(Path(wish["settings"]).read_text(encoding="utf-8")))
    sys.stdout.write(json.dumps([server.attack(attempt) for attempt in wish["tries"]]))


if __name__ == "__main__":
    main()

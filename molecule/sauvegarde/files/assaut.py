"""What root on a taken host would try against its copies: exits with 0 when every attempt was refused."""

from __future__ import annotations

import base64
import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

OK = 200
REFUSED = {401, 403, 405}
SETTINGS = json.loads(Path("/etc/sauvegarde-client/reglages.json").read_text(encoding="utf-8"))
STORE = SETTINGS["stores"][0]
TRUST = ssl.create_default_context(cafile=SETTINGS["authority"])


def ask(method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and answer of the server to one request under the account of the host."""
    # Its own server, over TLS.
    request = urllib.request.Request(f"{SETTINGS['url']}{path}", data=body, method=method)  # noqa: S310
    account = base64.b64encode(f"{STORE['host']}:{STORE['access']}".encode()).decode("ascii")
    request.add_header("Authorization", f"Basic {account}")
    request.add_header("Accept", "application/vnd.x.restic.rest.v2")
    try:
        with urllib.request.urlopen(request, context=TRUST, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def main() -> int:
    own = f"/{STORE['host']}"
    failures = []
    for kind in ("snapshots", "index", "data", "keys"):
        status, listed = ask("GET", f"{own}/{kind}/")
        names = [each["name"] for each in json.loads(listed)] if status == OK else []
        if not names:
            failures.append(f"{kind}: nothing to attack ({status})")
        for name in names[:1]:
            for method, body in (("DELETE", None), ("POST", b"nothing")):
                status, _ = ask(method, f"{own}/{kind}/{name}", body)
                if status not in REFUSED:
                    failures.append(f"{method} {kind}/{name}: {status}")
    for method, path in (("DELETE", f"{own}/config"), ("DELETE", f"{own}/"), ("GET", "/ligne/snapshots/")):
        status, _ = ask(method, path)
        if status not in REFUSED:
            failures.append(f"{method} {path}: {status}")
    sys.stdout.write("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

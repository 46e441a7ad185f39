"""Tries what no telephone does, over TLS, and prints one JSON object: what the exchange answers.

sonde.py register SERVER USER…           a REGISTER without password of each: lines of the answer, without what varies
sonde.py guess SERVER USER COUNT         as many REGISTER with wrong passwords: how many were answered
sonde.py versions SERVER                 the versions of TLS that it accepts
"""

import hashlib
import json
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from typing import Any

PORT, TIMEOUT_S = 5061, 2.0
VERSIONS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
VARYING = re.compile(
    r'(nonce|opaque|branch|tag|received|rport)="?[^";,]*"?|Call-ID: .*|CSeq: .*|\d+\.\d+\.\d+\.\d+:\d+'
)


def session(server: str, version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
    """A session whose certificate is checked; the version alone that is said, if one is."""
    context = ssl.create_default_context(cafile="/etc/site-pki/ca.pem")
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    wire = socket.create_connection((server, PORT), TIMEOUT_S)
    return context.wrap_socket(wire, server_hostname=server)


def register(wire: ssl.SSLSocket, server: str, user: str, authorization: str = "") -> str:
    """The answer to a REGISTER of somebody."""
    unique = time.time_ns()
    lines = (
        f"REGISTER sip:{server}:{PORT};transport=tls SIP/2.0",
        f"Via: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK{unique};rport",
        f"From: <sip:{user}@{server}>;tag={unique}",
        f"To: <sip:{user}@{server}>",
        f"Call-ID: {unique}",
        "CSeq: 1 REGISTER",
        f"Contact: <sip:{user}@127.0.0.1;transport=tls>",
        "Max-Forwards: 70",
        *([f"Authorization: Digest {authorization}"] if authorization else []),
        "Content-Length: 0",
        "",
        "",
    )
    wire.sendall("\r\n".join(lines).encode())
    wire.settimeout(TIMEOUT_S)
    return wire.recv(8192).decode()


def digest(text: str) -> str:
    """The hash of the digest scheme."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def guess(server: str, user: str) -> str:
    """The answer to one wrong password."""
    with session(server) as wire:
        found = dict(re.findall(r'(\w+)="([^"]*)"', register(wire, server, user)))
        uri = f"sip:{server}:{PORT};transport=tls"
        first = digest(f"{user}:{found['realm']}:{time.time_ns()}")
        told = digest(f"{first}:{found['nonce']}:00000001:ab:auth:{digest(f'REGISTER:{uri}')}")
        said = {"username": user, "realm": found["realm"], "nonce": found["nonce"], "uri": uri, "cnonce": "ab"}
        said |= {"opaque": found.get("opaque", ""), "response": told}
        quoted = ", ".join(f'{name}="{value}"' for name, value in said.items())
        return register(wire, server, user, f"{quoted}, algorithm=MD5, qop=auth, nc=00000001")


def guesses(server: str, user: str, count: int) -> Iterator[str]:
    """First lines of the answers to wrong passwords, five a second, until there is none."""
    for _ in range(count):
        # The journal tells those who follow it four times a second: a dozen at once would pass before.
        time.sleep(0.2)
        try:
            yield guess(server, user).split("\r\n")[0]
        except (OSError, KeyError):
            return


def accepts(server: str, version: ssl.TLSVersion) -> bool:
    """Whether a session of this version opens."""
    try:
        with session(server, version):
            return True
    except OSError:
        return False


def main() -> None:
    """Do what the arguments say."""
    said: Any
    match sys.argv[1:]:
        case ["register", server, *users]:
            said = {}
            for user in users:
                with session(server) as wire:
                    answer = register(wire, server, user)
                said[user] = VARYING.sub("…", answer).replace(user, "USER")
        case ["guess", server, user, count]:
            said = list(guesses(server, user, int(count)))
        case ["versions", server]:
            said = [version.name for version in VERSIONS if accepts(server, version)]
        case _:
            sys.exit(__doc__)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

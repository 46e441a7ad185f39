"""Plays the gateway and its roaming users, and prints one JSON object: what each try was answered.

    essais.py logons            every logon that is tried (about 10 s)
    essais.py sessions LOGIN…   whether the session of each may stay open
    essais.py careless          the same question without Message-Authenticator

Standard input: a JSON text with server, name, secret, and users (password and totp of each login).
"""

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

STEP, LONGEST = 30, 15
"""Seconds of a step, and that all tries together may take."""
CODES = {2: "accept", 3: "reject"}
USER_NAME, SERVICE_TYPE, AUTHORIZE_ONLY, MESSAGE_AUTHENTICATOR = 1, 6, 17, 80
KNOWN = json.load(sys.stdin)
USERS = KNOWN["users"]


def code(login: str, steps: int = 0) -> str:
    """The one-time code (RFC 6238) of somebody now, or so many steps from now."""
    counter = struct.pack(">Q", int(time.time()) // STEP + steps)
    digest = hmac.new(base64.b32decode(USERS[login]["totp"]), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def right(login: str, steps: int = 0) -> str:
    """What somebody must type: password, then code."""
    return USERS[login]["password"] + code(login, steps)


@dataclass
class Try:
    """How somebody logs on: the name outside (and inside, unless another is given), what he types, the method."""

    outer: str
    string: str
    inner: str = ""
    method: str = "TTLS"
    phase2: str = "autheap=GTC"
    phase1: str = ""


def logon(one: Try) -> dict[str, Any]:
    """One logon; `seconds` is how long the last answer took."""
    settings = f"""network={{
  key_mgmt=WPA-EAP
  eap={one.method}
  anonymous_identity="{one.outer}"
  identity="{one.inner or one.outer}"
  password="{one.string}"
  ca_cert="/etc/site-pki/ca.pem"
  domain_match="{KNOWN["name"]}"
  openssl_ciphers="DEFAULT@SECLEVEL=0"
  phase1="{one.phase1}"
  phase2="{one.phase2}"
}}
"""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(settings)
        file.flush()
        command = ["eapol_test", "-c", file.name, "-a", KNOWN["server"], "-s", KNOWN["secret"], "-t", "20", "-r", "0"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    answers = re.findall(r"Received RADIUS message\nRADIUS message: code=(\d+) .* length=(\d+)", said)
    times = re.findall(r"round trip time ([0-9.]+) sec", said)
    last, length = answers[-1] if answers else ("0", "0")
    return {
        "answer": CODES.get(int(last), "none"),
        "length": int(length),
        "rounds": len(answers),
        "keyed": "MPPE keys OK: 1" in said,
        "seconds": float(times[-1]) if times else None,
    }


def logons() -> dict[str, Any]:
    """Every try. Nobody uses a code twice, unless that is the point."""
    if STEP - time.time() % STEP < LONGEST:
        time.sleep(STEP - time.time() % STEP)
    once = right("jmartin")
    first = logon(Try("jmartin", once))
    allowed = right("edarcy", 1)
    tries = {
        "replayed": Try("jmartin", once),
        "late": Try("jmartin", right("jmartin", -1)),
        "early": Try("jmartin", right("jmartin", 1), phase1="tls_disable_tlsv1_3=0"),
        "password": Try("edarcy", "x" + right("edarcy")),
        "code": Try("edarcy", USERS["edarcy"]["password"] + "000000"),
        "old-code": Try("edarcy", right("edarcy", -3)),
        "no-code": Try("edarcy", USERS["edarcy"]["password"]),
        "unknown": Try("nobody", "x" * 24 + "000000"),
        "without-secret": Try("ihaddad", USERS["ihaddad"]["password"] + "000000"),
        "disabled": Try("cmuller", right("cmuller")),
        "group": Try("qnguyen", right("qnguyen")),
        "borrowed": Try("jmartin", allowed, inner="edarcy"),
        "capitals": Try("EDARCY", allowed),
        "spaces": Try("jmartin gateway=autre", allowed),
        "pap": Try("edarcy", allowed, phase2="auth=PAP"),
        "mschapv2": Try("edarcy", allowed, phase2="autheap=MSCHAPV2"),
        "peap": Try("edarcy", allowed, method="PEAP", phase2="auth=GTC"),
        "old-tls": Try("edarcy", allowed, phase1="tls_disable_tlsv1_2=1 tls_disable_tlsv1_1=0"),
    }
    guess = Try("npetit", USERS["npetit"]["password"] + "000000")
    tries |= {f"guess-{rank}": guess for rank in range(10)}
    with ThreadPoolExecutor(6) as pool:
        done = dict(zip(tries, pool.map(logon, tries.values()), strict=True))
    return {"accepted": first, **done, "guessed": logon(Try("npetit", right("npetit")))}


def session(login: str, *, authenticated: bool = True) -> dict[str, Any]:
    """Whether the session of somebody may stay open: the answer, and the attributes that it has."""
    name = login.encode()
    attributes = bytes([USER_NAME, 2 + len(name)]) + name + struct.pack(">BBI", SERVICE_TYPE, 6, AUTHORIZE_ONLY)
    empty = bytes([MESSAGE_AUTHENTICATOR, 18]) + bytes(16) if authenticated else b""
    head = struct.pack(">BBH", 1, 1, 20 + len(attributes) + len(empty)) + os.urandom(16)
    signature = hmac.new(KNOWN["secret"].encode(), head + attributes + empty, "md5").digest()
    packet = head + attributes + (empty[:2] + signature if authenticated else b"")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(5)
        wire.sendto(packet, (KNOWN["server"], 1812))
        try:
            answer = wire.recv(4096)
        except TimeoutError:
            return {"answer": "none"}
    found, rest = [], answer[20:]
    while rest:
        found.append(rest[0])
        rest = rest[rest[1] :]
    return {"answer": CODES[answer[0]], "attributes": found}


def main() -> None:
    """Do what the arguments say."""
    match sys.argv[1:]:
        case ["logons"]:
            said = logons()
        case ["sessions", *logins]:
            said = {login: session(login) for login in logins}
        case _:
            said = session("jmartin", authenticated=False)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

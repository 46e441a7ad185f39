"""The rules of the correlator, given events as the collector hands them over: what is told, and what is not."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ruamel.yaml import YAML

ROLE = Path(__file__).parents[2] / "roles" / "siem"
SEC = shutil.which("sec")
NOW = "2026-11-26T10:00:00.000000+01:00"

pytestmark = pytest.mark.skipif(SEC is None, reason="SEC is not installed here (apt-get install sec)")

Tell = Callable[[Sequence[tuple[str, str, str]]], list[list[str]]]


def rules(state: Path) -> str:
    """The template of the role, as Ansible would fill it in."""
    environment = jinja2.Environment(  # noqa: S701 - no page for a browser
        loader=jinja2.FileSystemLoader(ROLE / "templates"), trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters["regex_escape"] = re.escape
    environment.filters["regex_replace"] = lambda text, pattern, new: re.sub(pattern, new, text)
    environment.filters["comment"] = lambda text: f"# {text}"
    private = YAML(typ="safe").load(ROLE / "vars" / "main.yml")
    known: dict[str, Any] = {
        "ansible_managed": "managed",
        "__siem_state": str(state),
        "__siem_limits": private["__siem_default_limits"],
        "inventory_hostname": "siem1",
        "__siem_collecting_seconds": private["__siem_collecting_seconds"],
        "siem_silence_seconds": 7,
        "siem_senders": [{"name": "dc1"}],
        "siem_authorised_scanners": ["10.94.40.11"],
        "siem_production": ["10.94.231.0/24"],
    }
    known["__siem_production"] = environment.from_string(private["__siem_production"]).render(**known)
    return environment.get_template("regles.sec.j2").render(**known)


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """Hands events to the correlator, and gives back the alerts that it wrote, each as its fields."""
    settings = tmp_path / "regles.sec"
    settings.write_text(rules(tmp_path), encoding="utf-8")

    def run(events: Sequence[tuple[str, str, str]]) -> list[list[str]]:
        source = tmp_path / "flux"
        lines = "".join("\t".join((NOW, *event)) + "\n" for event in events)
        source.write_text(
            re.sub(r"=@(-?\d+)", lambda off: f"={time.time() + int(off[1]):.0f}", lines), encoding="utf-8"
        )
        told = tmp_path / "brutes.tsv"
        told.unlink(missing_ok=True)
        done = subprocess.run(
            [str(SEC), f"--conf={settings}", f"--input={source}", "--fromstart", "--notail", "--debug=2"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("\t", 7) for line in told.read_text(encoding="utf-8").splitlines()] if told.exists() else []

    return run


def cut_off(user: str = "root", source: str = "10.94.30.12") -> tuple[str, str, str]:
    return (
        "mail1",
        "sshd-session",
        f"error: maximum authentication attempts exceeded for {user} from {source} port 40000 ssh2 [preauth]",
    )


def failed(user: str) -> tuple[str, str, str]:
    line = f"Failed publickey for invalid user {user} from 10.94.30.12 port 40000 ssh2: ED25519 SHA256:abc"
    return "mail1", "sshd-session", line


def dropped() -> tuple[str, str, str]:
    line = "drop connection #0 from [10.94.30.12]:40001 on [10.94.30.21]:22 penalty: failed authentication"
    return "mail1", "sshd", line


def clock(offset_s: int) -> tuple[str, str, str]:
    """So many seconds off the instant at which it is read."""
    return "bkp1", "horloge", f"clock now=@{offset_s}"


def samba(text: str) -> tuple[str, str, str]:
    return "dc1", "samba", text


def logon(
    account: str, status: str = "NT_STATUS_WRONG_PASSWORD", source: str = "10.94.130.100"
) -> tuple[str, str, str]:
    return samba(
        '{"timestamp": "2026-11-26T10:00:00", "type": "Authentication", "Authentication": {"eventId": 4625, "status": '
        f'"{status}", "localAddress": "ipv4:10.94.30.11:636", "remoteAddress": "ipv4:{source}:40122", '
        f'"clientDomain": null, "clientAccount": "{account}@ad.cenexis.example"}}}}'
    )


def drop(port: int, source: str = "192.0.2.66", level: int = 1) -> tuple[str, str, str]:
    return (
        "fw-ext-1",
        "pare-feu",
        f"drop level={level} reason=defaut in=wan-a source={source} target=198.51.100.4 protocol=tcp port={port}",
    )


def request(target: str) -> tuple[str, str, str]:
    line = f'192.0.2.66 - - [26/Nov/2026:10:00:00 +0100] "GET {target} HTTP/1.1" 404 150 "-" "curl/8.14"'
    return "mandataire", "nginx", line


ADDED = (
    '{"type": "groupChange", "groupChange": {"eventId": 4728, "statusCode": 0, "action": "Added", "remoteAddress": '
    '"ipv4:10.94.40.11:51000", "userSid": "S-1-5-21-1-2-3-500", "group": "CN=%s,CN=Users,DC=ad", "user": "CN=x,DC=ad"}}'
)
CREATED = (
    '{"type": "dsdbChange", "dsdbChange": {"statusCode": 0, "operation": "Add", "remoteAddress": "ipv4:10.94.40.11:5'
    '", "performedAsSystem": %s, "userSid": "S-1-5-21-1-2-3-500", "dn": "CN=x,DC=ad", "attributes": {"objectClass": '
    '{"actions": [{"action": "add", "values": [{"value": "user"}]}]}}}}'
)
INFECTED = (
    '4cB1x: milter-reject: END-OF-MESSAGE from mx.partenaire.example[192.0.2.40]: 5.7.1 virus found: "Site.Eicar"; '
    "from=<x@partenaire.example> to=<jm@cenexis.example> proto=ESMTP helo=<mx.partenaire.example>"
)
BANNED = "banned: address=10.94.50.102 failures=5 window_s=60 for_s=600 accounts=1001,1002"
TUNNEL = (
    '{"timestamp":"x","event_type":"alert","src_ip":"10.94.130.100","src_port":4,"alert":{"signature_id":9400001},'
    '"dns":{"query":[{"rrname":"aaaa.example"}]}}'
)
FILE = "file act=%s by=%s owner=root mode=0644 sha256=00 path=%s"

TOLD: dict[str, tuple[Sequence[tuple[str, str, str]], list[str]]] = {
    "three keys, twice": (
        [cut_off("invalid user x")] * 2,
        ["ssh-guessing", NOW, "mail1", "10.94.30.12", "x", "sshd"],
    ),
    "a name that pretends to come from elsewhere": (
        [failed("x from 10.94.40.11 port 1")] * 6,
        ["ssh-guessing", NOW, "mail1", "10.94.30.12", "x from 10.94.40.11 port 1", "sshd"],
    ),
    "ten accounts": (
        [logon(f"user{rank}") for rank in range(10)],
        ["password-spray", NOW, "dc1", "10.94.130.100", "user0", "annuaire"],
    ),
    "VPN": (
        [("dc1", "freeradius", "refused: user=jm gateway=fw-ext-1 for=logon reason=wrong code from=192.0.2.66[4500]")]
        * 4,
        ["vpn-guessing", NOW, "fw-ext-1", "192.0.2.66", "jm", "freeradius"],
    ),
    "SIP": (
        [("pbx1", "asterisk-bannissement", BANNED)],
        ["sip-guessing", NOW, "pbx1", "10.94.50.102", "1001", "asterisk"],
    ),
    "file": (
        [("dc1", "integrite", FILE % ("modified", "-", "/etc/a b; $(c) %s"))],
        ["file-changed", NOW, "dc1", "-", "root", "/etc/a b; $(c) %s", "file-modified"],
    ),
    "administrators": (
        [samba(ADDED % "Domain Admins")],
        ["domain-admin", NOW, "dc1", "10.94.40.11", "S-1-5-21-1-2-3-500", "CN=x,DC=ad"],
    ),
    "account": (
        [samba(CREATED % "false")],
        ["account-created", NOW, "dc1", "10.94.40.11", "S-1-5-21-1-2-3-500", "CN=x,DC=ad"],
    ),
    "sudo": (
        [("poste-b40", "sudo", "   jm : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id")],
        ["privilege-used", NOW, "poste-b40", "-", "jm", "/usr/bin/id"],
    ),
    "sudo refused": (
        [("poste-b40", "sudo", "   jm : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id")],
        ["privilege-refused", NOW, "poste-b40", "-", "jm", "/usr/bin/id"],
    ),
    "virus": (
        [("poste-b25", "antivirus", "found virus=Site.Eicar owner=jm path=/srv/x y")],
        ["malware", NOW, "poste-b25", "-", "jm", "/srv/x y", "Site.Eicar"],
    ),
    "keys, until sshd drops who insists": (
        [failed("recettex")] * 4 + [dropped()] * 2,
        ["ssh-guessing", NOW, "mail1", "10.94.30.12", "recettex", "sshd"],
    ),
    "virus in mail": (
        [("mx-1", "postfix", INFECTED)],
        ["malware-mail", NOW, "mx-1", "192.0.2.40", "jm@cenexis.example", "x@partenaire.example", "Site.Eicar"],
    ),
    "a scanner that is away": (
        [("poste-b25", "antivirus", "unscanned error=ConnectionRefusedError path=/srv/x y")],
        ["watch-lost", NOW, "poste-b25", "-", "-", "/srv/x y", "unscanned"],
    ),
    "a log emptied": (
        [("mandataire", "effacement", "log act=truncated bytes=7 path=/var/log/nginx/access.log")],
        ["log-erased", NOW, "mandataire", "-", "-", "/var/log/nginx/access.log", "log-truncated"],
    ),
    "a clock ahead": ([clock(600)] * 3, ["clock-moved", NOW, "bkp1", "-", "-", "horloge", "clock-ahead"]),
    "a clock behind": ([clock(-600)] * 4, ["clock-moved", NOW, "bkp1", "-", "-", "horloge", "clock-behind"]),
    "scan": (
        [drop(port) for port in range(1000, 1015)],
        ["port-scan", NOW, "fw-ext-1", "192.0.2.66", "-", "niveau 1"],
    ),
    "production": (
        [drop(25, "10.94.231.100", 2)],
        ["conduit", NOW, "fw-ext-1", "10.94.231.100", "-", "198.51.100.4 tcp/25"],
    ),
    "injection": (
        [request("/?id=1%27%20OR%20%271%27=%271")],
        ["sql-injection", NOW, "mandataire", "192.0.2.66", "-", "/?id=1%27%20OR%20%271%27=%271"],
    ),
    "union": (
        [request("/?id=1+UNION+ALL+SELECT+1")],
        ["sql-injection", NOW, "mandataire", "192.0.2.66", "-", "/?id=1+UNION+ALL+SELECT+1"],
    ),
    "traversal": (
        [request("/..%2f..%2fetc/passwd")],
        ["path-traversal", NOW, "mandataire", "192.0.2.66", "-", "/..%2f..%2fetc/passwd"],
    ),
    "tunnel": (
        [("fw-int-1", "suricata", TUNNEL)],
        ["dns-tunnel", NOW, "fw-int-1", "10.94.130.100", "-", "aaaa.example"],
    ),
    "port": (
        [("gtb", "ecoute", "listening protocol=tcp port=4444 user=0 program=python3")],
        ["listener", NOW, "gtb", "-", "0", "tcp/4444"],
    ),
    "thirty ports more": (
        [("gtb", "ecoute", "listening protocol=tcp others=30")],
        ["listener", NOW, "gtb", "-", "-", "30 autres, tcp"],
    ),
}

SILENT: dict[str, Sequence[tuple[str, str, str]]] = {
    "three keys": [cut_off()],
    "five failures": [failed("jm")] * 5,
    "five passwords of one account": [logon("jm")] * 5,
    "thirty log-ons that succeed": [logon(f"user{rank}", "NT_STATUS_OK") for rank in range(30)],
    "a package": [("dc1", "integrite", FILE % ("modified", "dpkg", "/etc/x"))],
    "a scan of the bastion": [drop(port, "10.94.40.11") for port in range(1000, 1040)],
    "fourteen ports": [drop(port) for port in range(1000, 1014)],
    "one port, often": [drop(1000)] * 40,
    "another group": [samba(ADDED % "metier-informatique")],
    "an account made by the system": [samba(CREATED % "true")],
    "an honest request": [request("/?_task=mail&_search=select%20from%20the%20union...")],
    "a clock that is right": [clock(0)] * 4,
    "what waited in a queue": [clock(-60 + 2 * rank) for rank in range(30)],
    "what waits in a queue that empties slowly": [clock(-60 + rank) for rank in range(60)],
    "a spam refused": [("mx-1", "postfix", INFECTED.replace("virus found", "spam"))],
    "a sign of life": [("dc1", "rsyslogd", "-- MARK --")],
}


@pytest.mark.parametrize("case", TOLD)
def test_an_attack_is_told_once(case: str, tell: Tell) -> None:
    events, wanted = TOLD[case]
    (alert,) = tell(events)
    assert alert[: len(wanted)] == wanted


@pytest.mark.parametrize("case", SILENT)
def test_ordinary_life_is_not_told(case: str, tell: Tell) -> None:
    assert tell(SILENT[case]) == []
